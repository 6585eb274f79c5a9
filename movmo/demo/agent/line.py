"""The calls themselves. A call whose answer is lost is made again, the very same: it is done once."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client import ClientRequestContext
from mcp.client.session import ElicitationFnT
from mcp.types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult

from movmo.demo.agent.person import Person

Dial = Callable[[], AbstractAsyncContextManager[Client]]
Pause = Callable[[float], Awaitable[None]]
Journal = Callable[[str, dict[str, Any], dict[str, Any]], None]

TRIES = 3
MOMENT = 1.0


class AnswersLost(Exception):
    """Nothing came back, again and again: whether it was done is not known."""


class Line:
    """Each call has a connection of its own, because one that breaks takes the SDK's client with it.

    `journal` is told every call: tool, arguments and answer; `pause` waits so many seconds.
    """

    def __init__(self, dial: Dial, *, pause: Pause, journal: Journal) -> None:
        self.dial = dial
        self.pause = pause
        self._journal = journal

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The answer, and whether it is a refusal. Raises AnswersLost, and MCPError for what is no tool's refusal."""
        for _ in range(TRIES):
            try:
                async with self.dial() as client:
                    result = await client.call_tool(tool, arguments)
            except (MCPError, httpx2.TransportError, ExceptionGroup) as failure:
                if not _is_lost(failure):
                    raise
                await self.pause(MOMENT)
                continue
            answer: dict[str, Any] = result.structured_content or {}
            self._journal(tool, arguments, answer)
            return answer, bool(result.is_error)
        raise AnswersLost(tool)


def _is_lost(failure: Exception) -> bool:
    """The server's own refusals carry its envelope; what the connection did to an answer does not."""
    if isinstance(failure, ExceptionGroup):
        return all(_is_lost(inner) for inner in failure.exceptions)
    if isinstance(failure, MCPError):
        return not isinstance(failure.error.data, dict)
    return isinstance(failure, httpx2.TransportError)


def opener(person: Person) -> ElicitationFnT:
    """For hosts that open pages for their person: the client's answer to the server's question."""

    async def open_page(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        if not isinstance(params, ElicitRequestURLParams):
            return ElicitResult(action="decline")  # nothing is typed into a conversation
        went = await person.visits(params.url, params.message)
        return ElicitResult(action="accept" if went else "decline")

    return open_page
