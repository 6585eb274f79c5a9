"""Progress over a real server, in both protocol eras: told while the call runs, which never depends on it."""

import threading
from functools import partial
from types import SimpleNamespace
from typing import Any

import anyio
import httpx2
import orjson
import pytest
from mcp import Client
from structlog.testing import capture_logs

from mcp_server.asgi import McpDoor
from mcp_server.progress import reported
from movmo.asgi import Application
from movmo.operations.context import Context, Report, to_nobody
from movmo.operations.spec import GET, Credentials, Effect, operation
from tests.live import live_server
from tests.mcp_server.conftest import Post, legacy_call, modern_call, modern_headers
from tests.mcp_server.toys import ANA, KiteView, LookAtKite, SoldOutToy, ToyAuthority

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 20
BARE = {"authorization": "Bearer wide", "accept": "application/json, text/event-stream"}
STEPS = [(0, 2, "red: 0 of 2"), (1, 2, "red: 1 of 2"), (2, 2, "red: 2 of 2")]


class Meadow:
    """Where a kite is flown: `heard` is set when somebody was told of the first step, `landed` when it is all over."""

    def __init__(self) -> None:
        self.heard = threading.Event()
        self.landed = threading.Event()
        self.report: Report = to_nobody

    def fly(self, ctx: Context, name: str) -> None:
        self.report = ctx.report
        ctx.report(0, 2, f"{name}: 0 of 2")
        assert name == "alone" or self.heard.wait(LONG), "nobody was told before the end"
        ctx.report(1, 2, f"{name}: 1 of 2")
        ctx.report(2, 2, f"{name}: 2 of 2")
        self.landed.set()
        if name == "torn":
            raise SoldOutToy(kite=name)


@pytest.fixture
def meadow() -> Meadow:
    return Meadow()


@pytest.fixture
def toys(toys: None, meadow: Meadow) -> None:
    """The toys, and one whose flight takes a while."""

    @operation(
        "fly_kite",
        rest=GET("/v1/flown-kites"),
        needs=Credentials.KEY_AND_USER,
        scopes=("flights:read",),
        effect=Effect.READ,
        errors=(SoldOutToy,),
    )
    def fly_kite(ctx: Context, request: LookAtKite) -> KiteView:
        """Fly a kite

        It takes a while. Next: look_at_kite.
        """
        meadow.fly(ctx, request.name)
        return KiteView(name=request.name, note=None, seen_by=ANA)


class Listener:
    """Writes down what a client is told, in the order of its coming."""

    def __init__(self, meadow: Meadow) -> None:
        self.heard: list[Any] = []
        self._meadow = meadow

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.heard.append((progress, total, message))
        self._meadow.heard.set()

    async def fly(self, client: Client, name: str = "red") -> Any:
        result = await client.call_tool("fly_kite", {"name": name}, progress_callback=self)
        self.heard.append("result")
        return result


def test_steps_are_told_while_the_call_runs_and_all_of_them_before_its_result(talk: Any, meadow: Meadow) -> None:
    listener = Listener(meadow)
    result = talk(listener.fly)
    assert not result.is_error
    assert listener.heard == [*STEPS, "result"]


def test_they_come_before_a_refusal_too(talk: Any, meadow: Meadow) -> None:
    listener = Listener(meadow)
    result = talk(partial(listener.fly, name="torn"))
    assert result.structured_content["code"] == "toy_sold_out"
    assert [step[0] for step in listener.heard[:-1]] == [0, 1, 2]


def test_calls_at_once_keep_their_steps_apart(talk: Any, meadow: Meadow) -> None:
    listeners = {f"kite-{number}": Listener(meadow) for number in range(6)}

    async def all_at_once(client: Client) -> None:
        async with anyio.create_task_group() as group:
            for name, listener in listeners.items():
                group.start_soon(partial(listener.fly, client, name))

    talk(all_at_once)
    for name, listener in listeners.items():
        assert listener.heard == [*((step, 2, f"{name}: {step} of 2") for step in range(3)), "result"]


def with_token(call: dict[str, Any]) -> dict[str, Any]:
    meta = {**call["params"].get("_meta", {}), "progressToken": "mine"}
    return {**call, "params": {**call["params"], "_meta": meta}}


@pytest.mark.parametrize("is_modern", [True, False], ids=["modern", "legacy"])
def test_nobody_is_told_who_did_not_ask(knock: Post, is_modern: bool) -> None:
    call = modern_call("fly_kite", name="alone") if is_modern else legacy_call("fly_kite", name="alone")
    headers = modern_headers("fly_kite") if is_modern else {}
    assert "notifications/progress" not in knock(call, **headers).text
    assert knock(with_token(call), **headers).text.count("notifications/progress") == len(STEPS)


@pytest.mark.parametrize("is_modern", [True, False], ids=["modern", "legacy"])
def test_a_client_that_leaves_breaks_nothing(origin: str, meadow: Meadow, is_modern: bool) -> None:
    call = modern_call("fly_kite", name="red") if is_modern else legacy_call("fly_kite", name="red")
    names = modern_headers("fly_kite") if is_modern else {}
    headers = BARE | {name.replace("_", "-"): value for name, value in names.items()}
    with capture_logs() as lines, httpx2.Client(timeout=LONG) as http:
        with http.stream("POST", f"{origin}/v1/mcp", json=with_token(call), headers=headers) as answer:
            first = next(line for line in answer.iter_lines() if line.startswith("data: {"))
            assert orjson.loads(first.removeprefix("data: "))["params"]["progress"] == 0
        meadow.heard.set()
        assert meadow.landed.wait(LONG)
        again = http.post(f"{origin}/v1/mcp", json=legacy_call("look_at_kite", name="red"), headers=BARE)
    assert '"isError":false' in again.text.replace(" ", "")
    assert [line["event"] for line in lines if line["log_level"] in ("error", "warning")] == []


def test_a_step_after_the_server_s_end_is_lost_and_nothing_else(
    toys: None, authority: ToyAuthority, meadow: Meadow
) -> None:
    with live_server(Application(mcp=McpDoor(authority), wsgi=lambda environ, start: [])) as origin:
        call = with_token(legacy_call("fly_kite", name="alone"))
        assert httpx2.post(f"{origin}/v1/mcp", json=call, headers=BARE, timeout=LONG).status_code == 200
    meadow.report(3, 3, "too late")


class GoneSession:
    """A client whose connection is in a state that nobody thought of."""

    def __init__(self) -> None:
        self.told = 0

    async def report_progress(self, progress: float, total: float | None, message: str | None) -> None:
        self.told += 1
        raise OSError("the wire is cut")


def test_a_transport_that_fails_is_logged_once_and_the_call_goes_on() -> None:
    session = GoneSession()
    ctx: Any = SimpleNamespace(meta={"progress_token": 7}, session=session)

    async def call() -> str:
        async with reported(ctx) as report:
            report(0, 2, "first")
            report(1, 2, "second")
            return "done"

    with capture_logs() as lines:
        assert anyio.run(call) == "done"
    assert (session.told, [line["event"] for line in lines]) == (1, ["progress.lost"])
