"""The way to the person: modern clients are sent to the page and come back, all others show the address and repeat."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from mcp import Client
from mcp_types import ElicitRequestURLParams, ElicitResult

from bookings.sandbox_airline.models import SandboxOrder
from movmo.operations.approval.models import Approval
from movmo.operations.models import AuditEvent
from tests import factories
from tests.approving import say_no, say_yes
from tests.aside import aside
from tests.contract.doors import Stage, committed_rows, message_of, the_stage
from tests.contract.world import booking_of, new_key
from tests.mcp_server.speaking import Message, result, say
from tests.product.clients import by_token, with_sdk

__all__ = ["committed_rows", "the_stage"]

OPENS_PAGES: dict[str, Any] = {"elicitation": {"url": {}}}
FORMS_ONLY: dict[str, Any] = {"elicitation": {"form": {}}}
Arguments = dict[str, Any]


@pytest.fixture(autouse=True)
def a_short_wait() -> Iterator[None]:
    with override_settings(MOVMO_APPROVAL_SECONDS=0):
        yield


@pytest.fixture
def order(stage: Stage) -> Arguments:
    return booking_of(stage.world().mapped_offer()) | {"idempotency_key": new_key()}


def book(
    stage: Stage, order: Arguments, *, capabilities: Any = OPENS_PAGES, token: str | None = None, **more: Any
) -> Any:
    era = more.pop("era", "modern")
    call = {"name": "create_booking", "arguments": order, **more}
    return say(stage, era, "tools/call", capabilities=capabilities, token=token, **call)


def sent_to_page(stage: Stage, order: Arguments) -> Message:
    told = result(book(stage, order))
    assert told["resultType"] == "input_required"
    return told


def back(question: Message, action: str = "accept") -> Message:
    """What a client sends along when its user has been asked to open the page."""
    return {"requestState": question["requestState"], "inputResponses": {"approval": {"action": action}}}


def asked(question: Message) -> dict[str, Any]:
    """The approval behind it, for the person."""
    return {"approval_id": question["inputRequests"]["approval"]["params"]["url"].rpartition("/")[2]}


def code_of(answer: Any) -> str:
    told: str = result(answer)["structuredContent"].get("code", "")
    return told


def test_a_client_that_opens_pages_is_sent_to_one(stage: Stage, order: Arguments) -> None:
    question = sent_to_page(stage, order)
    shown = question["inputRequests"]["approval"]["params"]
    assert shown["mode"] == "url"
    assert "/approvals/" in shown["url"]
    assert asked(question)["approval_id"] not in question["requestState"], "the state is sealed"


def test_once_the_person_said_yes_the_retry_books(stage: Stage, order: Arguments) -> None:
    question = sent_to_page(stage, order)
    say_yes(asked(question))
    booked = result(book(stage, order, **back(question)))["structuredContent"]
    assert booked["record_locator"]


def test_the_retry_waits_for_the_person_a_while(stage: Stage, order: Arguments) -> None:
    question = sent_to_page(stage, order)

    def decide() -> None:
        say_yes(asked(question))
        connection.close()

    with override_settings(MOVMO_APPROVAL_SECONDS=20):
        person = threading.Timer(1, decide)
        person.start()
        booked = result(book(stage, order, **back(question)))["structuredContent"]
        person.join()
    assert booked["record_locator"]


def test_while_the_person_has_not_decided_the_model_hears_the_two_step_answer(stage: Stage, order: Arguments) -> None:
    question = sent_to_page(stage, order)
    assert code_of(book(stage, order, **back(question))) == "approval_required"


@pytest.mark.parametrize("action", ["accept", "cancel"])
def test_a_client_s_word_that_its_user_agreed_decides_nothing(stage: Stage, order: Arguments, action: str) -> None:
    question = sent_to_page(stage, order)
    answer = back(question, action)
    answer["inputResponses"]["approval"]["content"] = {"approved": True, "confirm": True}
    assert code_of(book(stage, order, **answer)) == "approval_required"
    assert Approval.objects.get(pk=asked(question)["approval_id"]).state == "pending"


def test_a_user_who_would_not_open_the_page_is_not_asked_any_more(stage: Stage, order: Arguments) -> None:
    question = sent_to_page(stage, order)
    assert code_of(book(stage, order, **back(question, "decline"))) == "approval_declined"
    assert Approval.objects.get(pk=asked(question)["approval_id"]).state == "withdrawn"


def test_saying_no_again_and_again_is_counted_and_written_down(stage: Stage, order: Arguments) -> None:
    question = sent_to_page(stage, order)
    assert code_of(book(stage, order, **back(question, "decline"))) == "approval_declined"
    with override_settings(MOVMO_USER_RATE=1, MOVMO_USER_BURST=1):
        assert code_of(book(stage, order, **back(question, "decline"))) == "rate_limited"
    assert AuditEvent.objects.filter(operation="create_booking", code="approval_declined").exists()


def test_coming_back_again_and_again_is_counted_before_it_waits(stage: Stage, order: Arguments) -> None:
    question = sent_to_page(stage, order)
    with override_settings(MOVMO_USER_RATE=1, MOVMO_USER_BURST=1, MOVMO_APPROVAL_SECONDS=20):
        began = time.monotonic()
        book(stage, order, **back(question, "cancel"))
        assert code_of(book(stage, order, **back(question))) == "rate_limited"
        assert time.monotonic() - began < 10


def test_a_no_on_the_page_is_told(stage: Stage, order: Arguments) -> None:
    question = sent_to_page(stage, order)
    say_no(asked(question))
    assert code_of(book(stage, order, **back(question))) == "approval_declined"


@pytest.mark.parametrize(
    ("era", "capabilities"), [("modern", FORMS_ONLY), ("modern", {}), ("legacy", OPENS_PAGES)], ids=str
)
def test_every_other_client_shows_the_address_and_repeats(
    stage: Stage, order: Arguments, era: Any, capabilities: Any
) -> None:
    told = result(book(stage, order, era=era, capabilities=capabilities))
    assert told["isError"]
    assert told["structuredContent"]["code"] == "approval_required"
    say_yes(told["structuredContent"])
    assert result(book(stage, order, era=era, capabilities=capabilities))["structuredContent"]["record_locator"]


class TestAReplayedState:
    """The state is the client's to keep, so it is worth nothing elsewhere."""

    def refused(self, answer: Any) -> None:
        assert error_of(answer)["code"] == -32602
        assert error_of(answer)["data"] == {"reason": "invalid_request_state"}

    def test_for_other_arguments(self, stage: Stage, order: Arguments) -> None:
        question = sent_to_page(stage, order)
        say_yes(asked(question))
        other = booking_of(stage.world().mapped_offer()) | {"idempotency_key": order["idempotency_key"]}
        self.refused(book(stage, other, **back(question)))

    def test_for_another_traveler(self, stage: Stage, order: Arguments) -> None:
        question = sent_to_page(stage, order)
        self.refused(book(stage, order, token=stage.token(stage.bo), **back(question)))

    def test_for_another_client(self, stage: Stage, order: Arguments) -> None:
        question = sent_to_page(stage, order)
        say_yes(asked(question))
        rover = factories.token(stage.ana, ["bookings:write"], factories.application("rover"))
        self.refused(book(stage, order, token=rover, **back(question)))

    def test_that_was_altered(self, stage: Stage, order: Arguments) -> None:
        question = sent_to_page(stage, order)
        answer = back(question)
        answer["requestState"] = answer["requestState"][:-2] + "AA"
        self.refused(book(stage, order, **answer))

    def test_used_a_second_time(self, stage: Stage, order: Arguments) -> None:
        question = sent_to_page(stage, order)
        say_yes(asked(question))
        orders = SandboxOrder.objects.count()
        first, second = (result(book(stage, order, **back(question)))["structuredContent"] for _ in range(2))
        assert (first["replayed"], second["replayed"]) == (False, True)
        assert SandboxOrder.objects.count() == orders + 1

    def test_that_never_was(self, stage: Stage, order: Arguments) -> None:
        answer: dict[str, Any] = {"inputResponses": {"approval": {"action": "accept"}}}
        assert error_of(book(stage, order, **answer))["code"] == -32602


def error_of(answer: Any) -> dict[str, Any]:
    told: dict[str, Any] = message_of(answer)["error"]
    return told


def test_the_sdk_s_own_client_books_with_its_person(stage: Stage, order: Arguments) -> None:
    """It opens the page where the person says yes, and the call that was made goes on by itself."""
    pages: list[str] = []

    async def open_page(context: Any, params: Any) -> ElicitResult:
        assert isinstance(params, ElicitRequestURLParams)
        pages.append(params.url)
        await aside(say_yes, {"approval_id": params.url.rpartition("/")[2]})
        return ElicitResult(action="accept")

    async def go(client: Client) -> dict[str, Any]:
        called = await client.call_tool("create_booking", order)
        assert not called.is_error, called.content
        return dict(called.structured_content or {})

    booked = with_sdk(stage, "2026-07-28", go, **by_token(stage), elicitation_callback=open_page)
    assert booked["record_locator"]
    assert len(pages) == 1
