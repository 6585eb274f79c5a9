"""What breaks inside stays inside: callers get a 500 and a request id, the log gets the rest."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from bookings.booking.models import Booking
from bookings.providers import registry as providers
from bookings.providers.types import OrderRequest, ProviderOrder, SearchQuery
from movmo.operations.models import AuditEvent
from tests.contract.doors import (  # noqa: F401  (the last two are fixtures)
    EVERY,
    DoorName,
    Stage,
    committed_rows,
    the_stage,
)
from tests.contract.world import the
from tests.idle_airline import IdleAirline

SECRET = "the-airline's-password-is-swordfish"


class BrokenAirline(IdleAirline):
    """Every call ends in a bug, whose text nobody outside may read."""

    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        raise RuntimeError(SECRET)

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        raise RuntimeError(SECRET)

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        raise RuntimeError(SECRET)


@pytest.fixture
def broken_airline() -> Iterator[None]:
    installed = providers.provider("sandbox")
    providers.install_sandbox(BrokenAirline())
    yield
    providers._providers["sandbox"] = installed


@pytest.mark.usefixtures("broken_airline")
@pytest.mark.parametrize("door_name", EVERY)
def test_a_crash_tells_its_caller_nothing_and_the_log_all(stage: Stage, door_name: DoorName) -> None:
    search = the("search_flights")
    arguments = stage.arguments(search)
    with capture_logs() as log:
        told = stage.refused(door_name, search, arguments, **{"x-request-id": f"trace-of-{door_name}"})
    assert told.verdict == (500, "internal_error")
    assert told.body["details"] == {}
    assert set(told.body) == {"message", "status_code", "code", "details", "hint", "retryable", "request_id"}
    assert told.body["request_id"] == f"trace-of-{door_name}"
    for secret in (SECRET, "swordfish", "Traceback", "RuntimeError", ".py"):
        assert secret not in told.answer.text
    crashes = [event for event in log if event["event"] == "operation.crashed"]
    assert [(event["operation"], event["request_id"]) for event in crashes] == [
        ("search_flights", f"trace-of-{door_name}")
    ]
    assert crashes[0]["exc_info"] is True
    assert AuditEvent.objects.get(request_id=f"trace-of-{door_name}").code == "internal_error"


@pytest.mark.parametrize("door_name", EVERY)
def test_a_crash_while_booking_leaves_the_outcome_open(stage: Stage, door_name: DoorName) -> None:
    """The order may have left: that is no 500, and nothing that could be sent again on a guess."""
    booking = the("create_booking")
    arguments = stage.fresh_arguments(booking)
    installed = providers.provider("sandbox")
    providers.install_sandbox(BrokenAirline())
    try:
        with capture_logs() as log:
            told = stage.call(door_name, booking, arguments)
    finally:
        providers._providers["sandbox"] = installed
    assert not told.is_refusal
    assert told.body["status"] == "unknown"
    assert told.status == (202 if door_name == "rest" else 200)
    assert SECRET not in told.answer.text
    assert Booking.objects.get(pk=told.body["booking_id"]).state == "unknown"
    assert [event["event"] for event in log] == ["booking.submit_crashed"]


@pytest.mark.parametrize("door_name", EVERY)
def test_each_answer_has_its_own_request_id(stage: Stage, door_name: DoorName) -> None:
    listing = the("list_providers")
    ids = {stage.call(door_name, listing, {}).answer.headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize("door_name", EVERY)
def test_an_indecent_request_id_is_replaced(stage: Stage, door_name: DoorName) -> None:
    answer = stage.call(door_name, the("list_providers"), {}, **{"x-request-id": "<script>"}).answer
    assert "script" not in answer.headers["x-request-id"]
