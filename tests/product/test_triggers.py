"""The airline's failures by family name, over every door: each has its documented code, whichever door is asked."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from bookings.booking import watching
from bookings.booking.models import Booking
from bookings.sandbox_airline.models import SandboxOrder
from movmo.kit import clock
from tests.contract.doors import EVERY, DoorName, Stage, Told
from tests.contract.world import booking_of, the

# Family name → HTTP status and code of the refusal.
REFUSED = {
    "SOLDOUT": (409, "sold_out"),
    "PRICEUP": (409, "price_changed"),
    "EXPIRED": (409, "offer_stale"),
    "DECLINED": (422, "payment_declined"),
    "ERROR502CLEAN": (503, "provider_unavailable"),
    "RATELIMIT": (503, "provider_unavailable"),
}
# Family name → the status of the booking at the first read after the open answer.
OPEN = {"TIMEOUTBOOKED": "ticketed", "ERROR500BOOKED": "ticketed", "TIMEOUTLOST": "unknown"}
# Family name → the status of the booking a minute after the airline began to think about it.
PONDERED_ON = {"DELAYED": "ticketed", "DELAYFAIL": "failed"}
OTHER: dict[DoorName, DoorName] = {"rest": "mcp", "mcp": "mcp-legacy", "mcp-legacy": "rest"}


def order_for(stage: Stage, family_name: str) -> dict[str, Any]:
    return booking_of(stage.world().mapped_offer(family_name=family_name))


def read(stage: Stage, door: DoorName, booked: Told) -> dict[str, Any]:
    told = stage.call(door, the("get_booking"), {"booking_id": booked.body["booking_id"]})
    assert not told.is_refusal
    return told.body


@pytest.mark.parametrize("door_name", EVERY)
@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_has_its_code_and_keeps_it(stage: Stage, name: str, door_name: DoorName) -> None:
    order, key, orders = order_for(stage, name), str(uuid4()), SandboxOrder.objects.count()
    booking = the("create_booking")
    first = stage.call(door_name, booking, order, key=key)
    again = stage.call(OTHER[door_name], booking, order, key=key)
    assert first.verdict == REFUSED[name]
    assert (first.replayed, again.replayed) == (False, True)
    assert again.comparable == first.comparable
    assert SandboxOrder.objects.count() == orders
    if name == "PRICEUP":
        old, new = first.body["details"]["old"], first.body["details"]["new"]
        assert old == order["expected_total"]
        assert Decimal(new["amount"]) > Decimal(old["amount"])


@pytest.mark.parametrize("door_name", EVERY)
@pytest.mark.parametrize("name", OPEN)
def test_an_open_outcome_is_told_as_such_and_decided_by_a_read(stage: Stage, name: str, door_name: DoorName) -> None:
    order, key, orders = order_for(stage, name), str(uuid4()), SandboxOrder.objects.count()
    told = stage.call(door_name, the("create_booking"), order, key=key)
    assert not told.is_refusal
    assert (told.body["status"], told.body["record_locator"]) == ("unknown", None)
    if door_name == "rest":
        assert told.status == 202
        assert told.answer.headers["location"] == f"/v1/users/me/bookings/{told.body['booking_id']}"
        assert int(told.answer.headers["retry-after"]) > 0
    assert read(stage, OTHER[door_name], told)["status"] == OPEN[name]
    again = stage.call(OTHER[door_name], the("create_booking"), order, key=key)
    assert (again.replayed, again.body["booking_id"]) == (True, told.body["booking_id"])
    assert SandboxOrder.objects.count() == orders + (OPEN[name] == "ticketed")


@pytest.mark.parametrize("door_name", EVERY)
@pytest.mark.parametrize("name", PONDERED_ON)
def test_what_the_airline_thinks_about_is_pending_until_it_knows(stage: Stage, name: str, door_name: DoorName) -> None:
    told = stage.call(door_name, the("create_booking"), order_for(stage, name), key=str(uuid4()))
    assert not told.is_refusal
    assert told.body["status"] == "pending"
    assert read(stage, door_name, told)["status"] == "pending"
    with clock.stopped_at(clock.now() + timedelta(minutes=2)):
        assert read(stage, OTHER[door_name], told)["status"] == PONDERED_ON[name]


@pytest.mark.parametrize("door_name", EVERY)
def test_who_is_told_to_try_later_may_and_is_served(stage: Stage, door_name: DoorName) -> None:
    order = order_for(stage, "RATELIMIT")
    verdicts = [stage.call(door_name, the("create_booking"), order, key=str(uuid4())).verdict for _ in range(3)]
    assert verdicts[:2] == [REFUSED["RATELIMIT"]] * 2
    assert verdicts[2][1] is None


@pytest.mark.parametrize("door_name", EVERY)
def test_a_declined_hold_is_heard_of_when_it_is_paid_for(stage: Stage, door_name: DoorName) -> None:
    offer = stage.world().mapped_offer(family_name="DECLINED", holdable=True)
    held = stage.call(door_name, the("create_booking"), booking_of(offer, mode="hold"), key=str(uuid4()))
    assert held.body["status"] == "held"
    paying = {"booking_id": held.body["booking_id"], "expected_total": held.body["total"]}
    refused = stage.call(door_name, the("confirm_hold"), paying, key=str(uuid4()))
    assert refused.verdict == REFUSED["DECLINED"]
    assert read(stage, door_name, held)["status"] == "held"


@pytest.mark.parametrize("door_name", EVERY)
def test_tickets_may_come_late(stage: Stage, door_name: DoorName) -> None:
    told = stage.call(door_name, the("create_booking"), order_for(stage, "NOTICKET"), key=str(uuid4()))
    assert (told.body["status"], told.body["ticketing"]) == ("confirmed", "reserved_not_ticketed")
    assert seen_by_a_worker(stage, door_name, told, after=timedelta(minutes=31))["status"] == "ticketed"


@pytest.mark.parametrize("door_name", EVERY)
def test_an_airline_may_cancel_and_says_what_it_gives_back(stage: Stage, door_name: DoorName) -> None:
    told = stage.call(door_name, the("create_booking"), order_for(stage, "CANCELAIR"), key=str(uuid4()))
    assert told.body["status"] == "ticketed"
    seen = seen_by_a_worker(stage, door_name, told, after=timedelta(minutes=3))
    assert seen["status"] == "cancelled"
    assert seen["cancellation"]["refund"] == told.body["total"]


@pytest.mark.parametrize("name", ["SCHEDULE", "SCHEDULEBACK", "SCHEDULEMINOR"])
def test_an_airline_may_move_its_flights(stage: Stage, name: str) -> None:
    told = stage.call("rest", the("create_booking"), order_for(stage, name), key=str(uuid4()))
    seen = seen_by_a_worker(stage, "rest", told, after=timedelta(minutes=3))
    (change,) = seen["schedule_changes"]
    assert change["severity"] == ("minor" if name == "SCHEDULEMINOR" else "major")
    if name == "SCHEDULEBACK":
        gone = seen_by_a_worker(stage, "rest", told, after=timedelta(minutes=11))
        assert [change["state"] for change in gone["schedule_changes"]] == ["withdrawn"]


def seen_by_a_worker(stage: Stage, door: DoorName, booked: Told, *, after: timedelta) -> dict[str, Any]:
    """The booking as it is told once somebody has looked at its order, this long after now."""
    with clock.stopped_at(clock.now() + after):
        booking_id = booked.body["booking_id"]
        Booking.objects.filter(pk=booking_id).update(watch_at=clock.now())
        watching.look(booking_id, clock=clock.now)
        return read(stage, door, booked)
