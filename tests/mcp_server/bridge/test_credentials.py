"""Refresh tokens are spent once, whatever else happens at the same time."""

import asyncio
import threading
from pathlib import Path

import pytest

from mcp_server.bridge.authorization import Grant
from tests.mcp_server.bridge.inside import Ana, Message, call, inside, keep
from tests.mcp_server.bridge.scripted import DOOR, TOKEN, Answer, Asked, Scripted, as_json, events, result, too_narrow


def test_a_token_about_to_end_is_refreshed_before_it_is_sent(server: Scripted, tmp_path: Path) -> None:
    async def conversation() -> Grant | None:
        async with inside(server, tmp_path) as bridge:
            await keep(bridge, server, seconds=20)
            await bridge.told(call())
            return await bridge.store.read()

    kept = asyncio.run(conversation())
    assert [asked.bearer for asked in server.posts()] == ["access-2"]
    assert kept is not None
    assert kept.refresh_token == "refresh-2"


def test_many_calls_with_an_old_token_spend_one_refresh_token(server: Scripted, tmp_path: Path) -> None:
    async def conversation() -> int:
        async with inside(server, tmp_path) as bridge:
            await keep(bridge, server, seconds=-1)
            told = await bridge.told(*[call(message_id=number) for number in range(20)])
            return sum("result" in one for one in told)

    assert asyncio.run(conversation()) == 20
    assert len(server.posts(TOKEN)) == 1


def test_two_bridges_share_what_one_has_refreshed(server: Scripted, tmp_path: Path) -> None:
    async def conversation() -> None:
        async with inside(server, tmp_path) as one, inside(server, tmp_path) as other:
            await keep(one, server, seconds=-1)
            for bridge in (one, other, one, other):
                await bridge.told(call())
            server.issued += 1  # the server ended the token early, and knows refresh-2 no more: it is refresh-3 now
            await one.store.write(Grant("bridge-1", "access-3", "refresh-3", 9e9, frozenset({"flights:read"})))
            await asyncio.gather(one.told(call()), other.told(call()))

    asyncio.run(conversation())
    assert len(server.posts(TOKEN)) == 1
    assert {asked.bearer for asked in server.posts()} == {"access-2", "access-3"}


def test_a_refresh_goes_on_when_the_call_that_wanted_it_is_cancelled(server: Scripted, tmp_path: Path) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def slow(asked: Asked) -> Answer:
        arrived.set()
        go_on.wait(5)
        return server.tokens(asked)

    server.at[TOKEN] = slow

    async def conversation() -> Grant | None:
        async with inside(server, tmp_path) as bridge:
            await keep(bridge, server, seconds=-1)
            await bridge.send(call())
            await bridge.until(arrived.is_set)
            stopping = asyncio.create_task(bridge.pipe.stop())
            await asyncio.sleep(0)
            go_on.set()
            await stopping
            await bridge.credentials.close()
            return await bridge.store.read()

    kept = asyncio.run(conversation())
    assert kept is not None
    assert kept.refresh_token == "refresh-2"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (as_json({"error": "temporarily_unavailable"}, 503), "answered 503"),
        (as_json({"error": "forbidden"}, 403), "refused: forbidden"),
        (Answer(200, {"content-type": "text/html"}, [b"<h1>Hotel</h1>"]), "with text/html"),
    ],
)
def test_a_token_endpoint_in_trouble_costs_nobody_the_sign_in(
    server: Scripted, tmp_path: Path, answer: Answer, words: str
) -> None:
    server.at[TOKEN] = lambda asked: answer

    async def conversation() -> str:
        async with inside(server, tmp_path) as bridge:
            await keep(bridge, server, seconds=-1)
            [told] = await bridge.told(call())
            server.at[TOKEN] = server.tokens
            assert (await bridge.told(call(message_id=2)))[1]["result"] == {"bearer": "access-2"}
            return str(told["error"]["message"])

    assert words in asyncio.run(conversation())


def test_a_step_up_asks_for_what_was_granted_and_what_is_needed(server: Scripted, tmp_path: Path) -> None:
    def door(asked: Asked) -> Answer:
        return events(result(asked)) if asked.bearer == "access-2" else too_narrow("bookings:read")

    server.at[DOOR] = door
    ana = Ana(server)

    async def conversation() -> None:
        async with inside(server, tmp_path, ana) as bridge:
            await keep(bridge, server)
            [told] = await bridge.told(call())
            assert "result" in told
            await asyncio.gather(*ana.at_work)

    asyncio.run(conversation())
    assert ana.asked[0]["scope"] == "bookings:read flights:read"
    assert ana.asked[0]["client_id"] == "bridge-1"
    assert len(server.posts("/v1/oauth/register")) == 0


def test_a_step_up_that_another_bridge_made_is_used(server: Scripted, tmp_path: Path) -> None:
    def door(asked: Asked) -> Answer:
        return events(result(asked)) if asked.bearer == "wide" else too_narrow("bookings:read")

    server.at[DOOR] = door

    async def conversation() -> bool:
        async with inside(server, tmp_path) as bridge:
            await keep(bridge, server)
            await bridge.credentials.token()
            wide = Grant("bridge-1", "wide", "refresh-2", 9e9, frozenset({"flights:read", "bookings:read"}))
            await bridge.store.write(wide)
            [told] = await bridge.told(call())
            return "result" in told

    assert asyncio.run(conversation())


def test_a_step_up_that_grants_less_is_the_servers_refusal(server: Scripted, tmp_path: Path) -> None:
    server.at[DOOR] = lambda asked: too_narrow("bookings:read")
    ana = Ana(server)

    async def conversation() -> str:
        async with inside(server, tmp_path, ana) as bridge:
            await keep(bridge, server)
            [told] = await bridge.told(call())
            await asyncio.gather(*ana.at_work)
            return str(told["error"]["message"])

    assert asyncio.run(conversation()) == "The token is too narrow."
    assert len(ana.asked) == 1


def test_tokens_that_cannot_be_written_down_are_used_all_the_same(server: Scripted, tmp_path: Path) -> None:
    ana = Ana(server)
    place = tmp_path / "movmo-mcp"

    async def conversation() -> list[Message]:
        async with inside(server, tmp_path, ana) as bridge:
            server.at[TOKEN] = lambda asked: _in_the_way(server.tokens(asked), place)
            told = await bridge.told(call())
            await asyncio.gather(*ana.at_work)
            return await bridge.told(call(message_id=2)) if told else told

    assert [told["result"] for told in asyncio.run(conversation())] == [{"bearer": "access-1"}] * 2
    assert len(ana.asked) == 1


def _in_the_way(answer: Answer, place: Path) -> Answer:
    """No file can take the place of a folder that is not empty."""
    for lock in list(place.glob("*.tokens.lock")) or list(place.glob("*.sign-in.lock")):
        kept = place / f"{lock.name.partition('.sign-in')[0].partition('.tokens')[0]}.json"
        kept.mkdir(exist_ok=True)
        kept.joinpath("in the way").touch()
    return answer


def test_a_store_that_cannot_be_read_is_told_to_the_host(server: Scripted, tmp_path: Path) -> None:
    async def conversation() -> Message:
        async with inside(server, tmp_path) as bridge:
            await keep(bridge, server)
            [kept] = (tmp_path / "movmo-mcp").glob("*.json")
            kept.chmod(0o644)
            [told] = await bridge.told(call())
            return told

    error = asyncio.run(conversation())["error"]
    assert "chmod 600" in error["message"]
    assert error["data"] == {"code": "store_refused", "retryable": False}
    assert server.asked == []


@pytest.mark.parametrize(("error", "registrations"), [("invalid_grant", 0), ("invalid_client", 1)])
def test_a_sign_in_that_has_ended_is_asked_for_anew(
    server: Scripted, tmp_path: Path, error: str, registrations: int
) -> None:
    """As the same client, unless it is the client that the server does not know any more."""
    server.at[TOKEN] = lambda asked: (
        as_json({"error": error}, 400) if "refresh_token" in asked.form else server.tokens(asked)
    )
    ana = Ana(server)

    async def conversation() -> Message:
        async with inside(server, tmp_path, ana) as bridge:
            await keep(bridge, server, seconds=-1, scope="flights:read bookings:read")
            [told] = await bridge.told(call())
            await asyncio.gather(*ana.at_work)
            return told

    assert asyncio.run(conversation())["result"] == {"bearer": "access-2"}
    assert len(server.posts("/v1/oauth/register")) == registrations
    # What she had granted is asked for again, where it is still known.
    wanted = "flights:read" if registrations else "bookings:read flights:read"
    assert [question["scope"] for question in ana.asked] == [wanted]


def test_a_bridge_waits_while_another_asks_and_shares_the_answer(
    server: Scripted, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    ana = Ana(server)

    async def conversation() -> list[Message]:
        async with inside(server, tmp_path, shown.append) as one, inside(server, tmp_path) as other:
            await one.send(call())
            await one.until(lambda: shown)
            await other.send(call())
            await other.until(lambda: "Another movmo-mcp is waiting" in capfd.readouterr().err)
            ana(shown[0])
            return await one.told() + await other.told()

    assert [told["result"] for told in asyncio.run(conversation())] == [{"bearer": "access-1"}] * 2
    assert len(shown) == 1


def test_a_token_without_an_end_is_not_refreshed_at_every_call(server: Scripted, tmp_path: Path) -> None:
    def endless(asked: Asked) -> Answer:
        server.issued += 1
        told = server.issue()
        del told["expires_in"]
        return as_json(told)

    server.at[TOKEN] = endless

    async def conversation() -> None:
        async with inside(server, tmp_path) as bridge:
            await keep(bridge, server, seconds=-1)
            await bridge.told(call())
            await bridge.told(call(message_id=2))

    asyncio.run(conversation())
    assert len(server.posts(TOKEN)) == 1
