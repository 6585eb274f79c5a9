"""Each message of the host is one POST, as it came; what the server answers goes back as it comes.

Nothing is negotiated, checked or kept here that both ends do themselves. Read are only the method and the id, for the
headers that the revisions ask for, for cancelling, and so that every request gets an answer whatever happens.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx2

from mcp_server.bridge import messages, wire
from mcp_server.bridge.credentials import Credentials
from mcp_server.bridge.messages import Message, NotAMessage
from mcp_server.bridge.stdio import HostGone, LineTooLong
from mcp_server.bridge.trouble import Broken, NotMovmo, Trouble, say

LARGEST = 16 * 1024 * 1024
"""Bytes of one answer, at most."""
MEDIA_TYPES = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
UNSURE = "It may have been carried out all the same: repeat it with the same idempotency_key, or look first."
_SCOPE = re.compile(r'\bscope="([^"]*)"')

Write = Callable[[bytes], Awaitable[None]]


class Pipe:
    def __init__(self, http: httpx2.AsyncClient, endpoint: str, credentials: Credentials, write: Write) -> None:
        self._http = http
        self._endpoint = endpoint
        self._credentials = credentials
        self._write = write
        self._negotiated: str | None = None
        self._under_way: dict[asyncio.Task[None], Message] = {}

    async def take(self, line: bytes | LineTooLong) -> None:
        """Begin with one line of the host's; its answer comes when it comes. Raises HostGone."""
        try:
            if isinstance(line, LineTooLong):
                raise NotAMessage(messages.INVALID_REQUEST, "it is too long")
            message = messages.read(line)
        except NotAMessage as failure:
            say(str(failure))
            await self._write(messages.not_a_message(failure))
            return
        if message.get("method") == "initialize":
            self._negotiated = None
        if not self._is_cancelled_here(message):
            task = asyncio.create_task(self._carry(message, line))
            self._under_way[task] = message
            task.add_done_callback(self._under_way.pop)

    async def finish(self, seconds: float) -> None:
        """The host asks nothing more: what is under way may end, streams that only listen are closed."""
        for task, message in self._under_way.items():
            if message.get("method") == messages.LISTEN:
                task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    async def stop(self) -> None:
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _is_cancelled_here(self, message: Message) -> bool:
        """Since 2026-07-28 a request is cancelled by closing its stream, and the server knows no message for it.

        Before, the message is what counts, and a stream that closes says nothing: it goes on to the server.
        """
        if message.get("method") != messages.CANCELLED:
            return False
        cancelled = messages.key_of(messages.params_of(message).get("requestId"))
        for task, request in self._under_way.items():
            if messages.is_request(request) and messages.key_of(request["id"]) == cancelled:
                if messages.modern_version(request) is not None:
                    task.cancel()
                    return True
                return False
        return self._negotiated is None

    async def _carry(self, message: Message, line: bytes) -> None:
        try:
            await self._exchange(message, line)
        except Trouble as trouble:
            await self._tell(message, trouble)
        except HostGone:
            return  # the writer has noted it
        except Exception as failure:  # noqa: BLE001 (one call ends; its host hears of it, and the others go on)
            told = f"movmo-mcp itself failed over this call ({type(failure).__name__}: {failure})."
            await self._tell(message, Broken(told, UNSURE))

    async def _exchange(self, message: Message, line: bytes) -> None:
        headers = MEDIA_TYPES | messages.headers_of(message, self._negotiated)
        token = await self._credentials.token()
        mended: set[int] = set()
        while True:
            sent = headers if token is None else headers | {"Authorization": f"Bearer {token}"}
            async with wire.answer(
                self._http, "POST", self._endpoint, content=line, headers=sent, unsure=UNSURE
            ) as response:
                status = response.status_code
                if not _asks_for_another_token(response) or status in mended:
                    await self._relay(message, response)
                    return
                challenge = response.headers.get("www-authenticate", "")
            mended.add(status)  # each once: a server that is never content is told to the host
            mend = self._credentials.renewed if status == 401 else self._credentials.widened
            token = await mend(token, _scopes_of(challenge))

    async def _relay(self, message: Message, response: httpx2.Response) -> None:
        kind = wire.media_type(response)
        if kind == "text/event-stream" and response.status_code == 200:
            is_answered = await self._relay_events(message, response)
        elif response.status_code in (202, 204):
            is_answered = False
        elif kind == "application/json":
            is_answered = await self._relay_json(message, response)
        else:
            raise NotMovmo(
                f"{self._endpoint} answered {response.status_code} with {kind or 'no media type'}, not with MCP.",
                "Is --server the address of a Movmo server? If it is, try again in a moment.",
            )
        if messages.is_request(message) and not is_answered:
            raise NotMovmo(f"{self._endpoint} ended its answer without a result.", UNSURE)

    async def _relay_events(self, message: Message, response: httpx2.Response) -> bool:
        """Each event as it arrives: progress, notifications, and the result last."""
        async for event in httpx2.EventSource(response, max_event_size=LARGEST):
            if event.data:
                told = self._understood(event.data)
                self._learn(message, told)
                await self._write(messages.on_one_line(event.data))
                if _answers(told, message):
                    return True
        return False

    async def _relay_json(self, message: Message, response: httpx2.Response) -> bool:
        text = (await wire.body_of(response, LARGEST)).decode("utf-8", "replace")
        told = self._understood(text)
        if not messages.is_request(message):
            if response.status_code >= 400:
                say(f"The server refused a message of the host: {_words_of(told)}")
            return False
        if not ("result" in told or "error" in told):
            return False
        self._learn(message, told)
        # Refused before its id was read: the host waits for an answer to this one.
        is_its_own = _answers(told, message)
        await self._write(messages.on_one_line(text) if is_its_own else messages.dump({**told, "id": message["id"]}))
        return True

    def _understood(self, text: str) -> Message:
        try:
            told = messages.read(text)
        except NotAMessage:
            told = {}
        if told.get("jsonrpc") != "2.0":
            raise NotMovmo(f"{self._endpoint} answered with something that is not MCP.", "Is --server right?")
        return told

    def _learn(self, asked: Message, told: Message) -> None:
        result = told.get("result")
        if asked.get("method") == "initialize" and isinstance(result, dict):
            version = result.get("protocolVersion")
            self._negotiated = version if isinstance(version, str) else None

    async def _tell(self, message: Message, trouble: Trouble) -> None:
        if not messages.is_request(message):
            say(str(trouble))
            return
        with suppress(HostGone):
            await self._write(messages.error(message["id"], trouble))


def _asks_for_another_token(response: httpx2.Response) -> bool:
    challenge = response.headers.get("www-authenticate", "")
    return response.status_code == 401 or (response.status_code == 403 and "insufficient_scope" in challenge)


def _scopes_of(challenge: str) -> frozenset[str]:
    found = _SCOPE.search(challenge)
    return frozenset(found[1].split()) if found else frozenset()


def _answers(told: Message, asked: Message) -> bool:
    return ("result" in told or "error" in told) and told.get("id") == asked.get("id")


def _words_of(told: Message) -> str:
    error = told.get("error")
    return str(error.get("message") if isinstance(error, dict) else told)[:300]
