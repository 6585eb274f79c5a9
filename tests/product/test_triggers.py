"""The airline's failures by family name, over every door: each has its documented code, whichever door is asked."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from bookings.sandbox_airline.models import SandboxOrder
from tests.contract.doors import EVERY, DoorName, Stage, Told
from tests.contract.world import booking_of, the

# Family name → HTTP status and code of the refusal.
REFUSED = {
    "SOLDOUT": (409, "sold_out"),
    "PRICEUP": (409, "price_changed"),
    "EXPIRED": (409, "offer_stale"),
    "DECLINED": (422, "payment_declined"),
    "ERROR502CLEAN": (503, "provider_unavailable"),
}
# Family name → the status of the booking at the first read after the open answer.
OPEN = {"TIMEOUTBOOKED": "ticketed", "ERROR500BOOKED": "ticketed", "TIMEOUTLOST": "unknown"}
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
