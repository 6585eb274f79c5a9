"""What Movmo's own tools do not do yet: progress, waiting, subscriptions. The SDK on both ends."""

import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool
from starlette.types import Receive, Scope, Send

from tests.live import live_server
from tests.mcp_server.bridge.conftest import ROOT
from tests.product.clients import MODES, Mode

Context = ServerRequestContext[Any]
Talk = Callable[[Callable[[Client], Awaitable[Any]], Mode], Any]
BOOKING = "bookings://v1/1"


class Slow:
    """A server whose one tool reports progress and, asked to wait, waits until it is cancelled."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.cancelled = threading.Event()
        self._server: Server[Any] = Server(
            "slow",
            version="1",
            on_list_tools=self.list,
            on_call_tool=self.call,
            on_subscriptions_listen=ListenHandler(self.bus),
        )

    async def list(self, ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[Tool(name="count", input_schema={"type": "object"})])

    async def call(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult:
        await ctx.session.report_progress(1, 2, "half way")
        await self.bus.publish(ResourceUpdated(BOOKING))
        if params.arguments:
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                self.cancelled.set()
                raise
        return CallToolResult(content=[TextContent(type="text", text="two")])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._manager = StreamableHTTPSessionManager(self._server, stateless=True)
            async with self._manager.run():
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await self._manager.handle_request(scope, receive, send)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def talk(slow: Slow, tmp_path: Path) -> Iterator[Talk]:
    with live_server(slow) as origin:

        def run(conversation: Callable[[Client], Awaitable[Any]], mode: Mode) -> Any:
            command = StdioServerParameters(
                command=sys.executable,
                args=["-m", "mcp_server.bridge", "--server", origin],
                env={"XDG_CONFIG_HOME": str(tmp_path)},
                cwd=ROOT,
            )

            async def session() -> Any:
                async with Client(stdio_client(command), mode=mode) as client:
                    with anyio.fail_after(20):
                        return await conversation(client)

            return anyio.run(session)

        yield run


@pytest.mark.parametrize("mode", MODES)
def test_progress_reaches_the_host_before_the_result(talk: Talk, mode: Mode) -> None:
    heard: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async def conversation(client: Client) -> Any:
        return await client.call_tool("count", {}, progress_callback=note)

    assert talk(conversation, mode).content[0].text == "two"
    assert heard == [(1, "half way")]


def test_a_call_that_the_host_gives_up_is_cancelled_at_the_server(talk: Talk, slow: Slow) -> None:
    async def conversation(client: Client) -> str:
        begun = anyio.Event()

        async def note(progress: float, total: float | None, message: str | None) -> None:
            begun.set()

        async with anyio.create_task_group() as group:

            async def wait() -> None:
                await client.call_tool("count", {"wait": True}, progress_callback=note)

            group.start_soon(wait)
            await begun.wait()
            group.cancel_scope.cancel()
        # While the bridge still runs: its end would close the stream as well.
        assert await anyio.to_thread.run_sync(slow.cancelled.wait, 5)
        return str((await client.call_tool("count", {})).content[0])

    assert "two" in talk(conversation, "2026-07-28")


def test_a_change_reaches_a_host_that_listens(talk: Talk) -> None:
    async def conversation(client: Client) -> Any:
        async with client.listen(resource_subscriptions=[BOOKING]) as changes:
            await client.call_tool("count", {})
            return await anext(changes)

    assert talk(conversation, "2026-07-28") == ResourceUpdated(BOOKING)
