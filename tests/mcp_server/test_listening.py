"""Listening to a booking: who may read it hears of each change, and nobody else hears anything."""

import time
from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any
from uuid import uuid4

import anyio
import pytest
from django.db import OperationalError
from mcp import Client
from mcp.client.subscriptions import ResourceUpdated
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from oauth2_provider.models import AccessToken

from bookings.booking.schemas import BookingView
from mcp_server import listening as door
from mcp_server.asgi import McpDoor
from mcp_server.streams import Mailbox
from movmo.asgi import Application
from movmo.kit import clock
from movmo.operations import bulletin
from movmo.operations.context import Caller
from movmo.operations.models import AuditEvent
from movmo.operations.scopes import SCOPES
from partners import authentication
from partners.oauth import connections
from tests import factories
from tests.aside import aside
from tests.carrying import carrying
from tests.contract.doors import Stage, committed_rows, set_stage
from tests.contract.world import confirmation_of
from tests.live import live_server
from tests.mcp_server.listener import GONE, ID, asked, listening
from tests.product.clients import by_token, with_sdk

__all__ = ["committed_rows"]

SOON = 10.0
QUIET = 0.5


@pytest.fixture(scope="module")
def stage(transactional_db: None) -> Iterator[Stage]:
    with set_stage(clock.now()) as stage:
        yield stage


@pytest.fixture(autouse=True)
def carried() -> Iterator[None]:
    with carrying():
        yield


@pytest.fixture
def checked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "RECHECK_SECONDS", 0.2)


@pytest.fixture
def hold(stage: Stage) -> BookingView:
    return stage.world().hold()


def uri_of(booking: BookingView) -> str:
    return f"bookings://v1/{booking.booking_id}"


def confirm(stage: Stage, hold: BookingView) -> None:
    stage.world().call("confirm_hold", **confirmation_of(hold))


def token_of(stage: Stage, name: str = "scout", scopes: Any = SCOPES) -> str:
    return factories.token(stage.ana, sorted(scopes), factories.application(name))


def until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + SOON
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_ana_s_agent_hears_that_her_booking_changed_and_nothing_about_it(stage: Stage, hold: BookingView) -> None:
    meta = {SUBSCRIPTION_ID_META_KEY: ID}
    with listening(stage.origin, stage.as_ana.token, uri_of(hold)) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.acknowledged() == {"resourceSubscriptions": [uri_of(hold)]}
        confirm(stage, hold)
        assert stream.next() == {
            "jsonrpc": "2.0",
            "method": "notifications/resources/updated",
            "params": {"uri": uri_of(hold), "_meta": meta},
        }


def test_the_sdk_s_own_client_listens_and_reads(stage: Stage, hold: BookingView) -> None:
    async def conversation(client: Client) -> dict[str, Any]:
        async with client.listen(resource_subscriptions=[uri_of(hold)]) as subscription:
            await aside(confirm, stage, hold)
            assert await anext(subscription) == ResourceUpdated(uri=uri_of(hold))
            told = await client.call_tool("get_booking", {"booking_id": str(hold.booking_id)})
            return dict(told.structured_content or {})

    assert with_sdk(stage, "2026-07-28", conversation, **by_token(stage))["status"] != "held"


def test_a_change_of_another_booking_is_not_heard(stage: Stage, hold: BookingView) -> None:
    with listening(stage.origin, stage.as_ana.token, uri_of(stage.world().hold())) as stream:
        stream.acknowledged()
        confirm(stage, hold)
        with pytest.raises(Empty):
            stream.next(QUIET)


def test_a_booking_of_somebody_else_is_not_there(stage: Stage, hold: BookingView) -> None:
    others = stage.world(stage.bo).hold()
    before = AuditEvent.objects.count()
    asked_for = [[f"bookings://v1/{uuid4()}"], [uri_of(others)], [uri_of(hold), uri_of(others)]]
    answers = [asked(stage.origin, stage.as_ana.token, *uris) for uris in asked_for]
    errors = [answer.json()["error"] for answer in answers]
    assert {answer.status_code for answer in answers} == {400}
    assert len({error["data"].pop("request_id") for error in errors}) == 3
    assert errors[0]["data"]["code"] == "resource_not_found"
    uris = [uris[-1] for uris in asked_for]
    assert [error["data"].pop("uri") for error in errors] == uris
    assert [error["data"]["details"].pop("uri") for error in errors] == uris
    assert errors == [errors[0]] * 3
    written = AuditEvent.objects.order_by("id")[before:]
    assert {event.operation for event in written} == {"get_booking"}
    assert [event.code for event in written] == ["not_found", "not_found", "done", "not_found"]


BOOKING = "0198c0de-0000-7000-8000-00000000a0aa"
STRANGE = [
    "",
    "bookings",
    "bookings://v1/",
    "bookings://v1/{booking_id}",
    f"Bookings://v1/{BOOKING}",
    f"BOOKINGS://V1/{BOOKING}",
    f"bookings://v1/{BOOKING.upper()}",
    f"bookings://v2/{BOOKING}",
    f"bookings://v1/{BOOKING}/",
    f"bookings://v1//{BOOKING}",
    f"bookings://v1/./{BOOKING}",
    f"bookings://v1/x/../{BOOKING}",
    f"bookings://v1/%30{BOOKING[1:]}",
    f"bookings://v1%2F{BOOKING}",
    f"bookings://me@v1/{BOOKING}",
    f"bookings://v1/{BOOKING}?x=1",
    f"bookings://v1/{BOOKING}#x",
    f"bookings://v1/{BOOKING}\n",
    f" bookings://v1/{BOOKING}",
    f"bookings://v1/{BOOKING.replace('-', '')}",
    f"bookings://v1/{{{BOOKING}}}",
    f"bookings://v1/urn:uuid:{BOOKING}",
    f"https://movmo.example/bookings://v1/{BOOKING}",
    f"passengers://v1/{BOOKING}",
    f"offers://v1/{BOOKING}",
    "users://v1/me",
    "guides://v1/booking",
    "file:///etc/passwd",
    "bookings://v1/" + "0" * 10_000,
    "\U0001f6eb" * 3_000,
]


@pytest.mark.parametrize("uri", STRANGE, ids=lambda uri: ascii(uri)[:60])
def test_what_is_no_booking_s_uri_letter_by_letter_is_not_there(stage: Stage, hold: BookingView, uri: str) -> None:
    strange = uri.replace(BOOKING, str(hold.booking_id)).replace(BOOKING.upper(), str(hold.booking_id).upper())
    answer = asked(stage.origin, stage.as_ana.token, strange)
    assert (answer.status_code, answer.json()["error"]["data"]["code"]) == (400, "resource_not_found")
    assert strange not in answer.text or not strange


@pytest.mark.parametrize(
    "wanted",
    [
        {"resourceSubscriptions": 7},
        {"resourceSubscriptions": [7]},
        {"resourceSubscriptions": [[]]},
        {"toolsListChanged": []},
    ],
)
def test_a_filter_of_the_wrong_shape_is_refused(stage: Stage, wanted: dict[str, Any]) -> None:
    answer = asked(stage.origin, stage.as_ana.token, **wanted)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32602)


def test_a_token_that_may_not_read_bookings_is_told_what_it_needs(stage: Stage, hold: BookingView) -> None:
    answer = asked(stage.origin, token_of(stage, "narrow", {"flights:read"}), uri_of(hold))
    assert (answer.status_code, answer.json()["error"]["data"]["code"]) == (403, "insufficient_scope")
    assert 'scope="bookings:read"' in answer.headers["www-authenticate"]


def test_older_revisions_have_no_such_method(stage: Stage, hold: BookingView) -> None:
    message = {"jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": {"notifications": {}}}
    headers = {"accept": "application/json, text/event-stream", **stage.as_ana.bearer}
    answer = stage.http.post("/v1/mcp", json=message, headers={**headers, "mcp-protocol-version": "2025-11-25"})
    assert '"code":-32601' in answer.text.replace(" ", "")


def test_lists_are_promised_and_do_not_change(stage: Stage) -> None:
    with listening(stage.origin, stage.as_ana.token, toolsListChanged=True, promptsListChanged=False) as stream:
        assert stream.acknowledged() == {"toolsListChanged": True}
        with pytest.raises(Empty):
            stream.next(QUIET)


@pytest.mark.parametrize("waits", [True, False], ids=["in silence", "as the booking changes"])
@pytest.mark.parametrize("end", ["revoked", "disconnected", "narrowed"])
def test_a_stream_ends_with_what_its_token_was_good_for(
    stage: Stage, hold: BookingView, end: str, waits: bool, request: pytest.FixtureRequest
) -> None:
    if waits:
        request.getfixturevalue("checked_often")
    name = f"{end}-{waits}"
    with listening(stage.origin, token_of(stage, name), uri_of(hold)) as stream:
        stream.acknowledged()
        app = factories.application(name)
        if end == "revoked":
            AccessToken.objects.filter(application=app).delete()
        elif end == "disconnected":
            connections.disconnect(user=stage.ana, application=app)
        else:
            connections.withdraw(user=stage.ana, application=app, scopes=["bookings:read"])
        if not waits:
            confirm(stage, hold)
        last = stream.next()
        assert last["id"] == ID
        assert last["error"]["data"]["code"] == ("insufficient_scope" if end == "narrowed" else "token_invalid")
        assert stream.next() == GONE


def test_one_stream_holds_twenty_uris_and_no_more(stage: Stage, hold: BookingView) -> None:
    answer = asked(stage.origin, stage.as_ana.token, *[f"bookings://v1/{uuid4()}" for _ in range(door.MOST_URIS + 1)])
    assert list(answer.json()["error"]["data"]["fields"]) == ["/notifications/resourceSubscriptions"]
    with listening(stage.origin, stage.as_ana.token, *[uri_of(hold)] * door.MOST_URIS) as stream:
        assert stream.acknowledged() == {"resourceSubscriptions": [uri_of(hold)]}


def test_one_traveler_has_so_many_streams(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_STREAMS_OF_ONE", 2)
    token = stage.as_ana.token
    with listening(stage.origin, token, toolsListChanged=True) as first:
        first.acknowledged()
        with listening(stage.origin, token, toolsListChanged=True) as second:
            second.acknowledged()
            error = asked(stage.origin, token, toolsListChanged=True).json()["error"]
            assert (error["data"]["code"], error["data"]["retryable"]) == ("too_many_streams", True)
            with listening(stage.origin, stage.as_bo.token, toolsListChanged=True) as other:
                other.acknowledged()

        def another() -> bool:
            with listening(stage.origin, token, toolsListChanged=True) as third:
                return "method" in third.next()

        until(another)


def test_to_listen_is_to_read_and_spends_what_a_read_spends(stage: Stage, hold: BookingView) -> None:
    slow = factories.application("slow")
    slow.tool_limits = "get_booking=1"
    slow.save()
    with listening(stage.origin, token_of(stage, "slow"), uri_of(hold)) as stream:
        stream.acknowledged()
        error = asked(stage.origin, token_of(stage, "slow"), uri_of(hold)).json()["error"]
        assert error["data"]["code"] == "tool_rate_limited"


def test_a_client_that_left_is_forgotten(stage: Stage, hold: BookingView) -> None:
    with listening(stage.origin, stage.as_ana.token, uri_of(hold)) as stream:
        stream.acknowledged()
        assert bulletin._bulletin._listeners
    until(lambda: not bulletin._bulletin._listeners)


class Flaky:
    """The house's credentials, on a database that is away at times."""

    is_away = False

    def authenticate(self, **named: Any) -> Caller:
        if self.is_away:
            raise OperationalError("the database is away")
        return authentication.authenticate(**named)

    challenge = staticmethod(authentication.challenge)


@pytest.mark.usefixtures("checked_often")
def test_nothing_is_told_unchecked_and_nothing_lost_meanwhile(
    stage: Stage, hold: BookingView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "AWAY_SECONDS", 0.05)
    flaky = Flaky()
    with (
        live_server(Application(mcp=McpDoor(flaky), wsgi=lambda environ, start: [])) as origin,
        listening(origin, stage.as_ana.token, uri_of(hold)) as stream,
    ):
        stream.acknowledged()
        flaky.is_away = True
        confirm(stage, hold)
        with pytest.raises(Empty):
            stream.next(QUIET)
        flaky.is_away = False
        assert stream.next()["params"]["uri"] == uri_of(hold)


def test_a_reader_who_does_not_read_has_one_word_of_each_waiting() -> None:
    async def fill() -> list[Any]:
        mailbox, subjects = Mailbox(), [uuid4(), uuid4()]
        for _ in range(1_000):
            for one in subjects:
                mailbox.put(one)
        await mailbox.wait(SOON)
        await anyio.sleep(0)
        waiting = mailbox.empty()
        assert (set(waiting), len(waiting)) == (set(subjects), 2)
        return mailbox.empty()

    assert anyio.run(fill) == []
