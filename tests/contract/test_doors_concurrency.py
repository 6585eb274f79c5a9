"""Many callers at once, through both doors of one running server: one booking, whoever was first."""

from functools import partial
from itertools import cycle
from uuid import uuid4

import pytest

from bookings.booking.models import Booking
from bookings.sandbox_airline.models import SandboxOrder
from tests.contract.doors import (  # noqa: F401  (the last two are fixtures)
    EVERY,
    Stage,
    Told,
    committed_rows,
    the_stage,
)
from tests.contract.world import the
from tests.operations.together import together

THREADS = 8
# What a caller may hear while another is at it; each says when to come back.
BUSY = {"idempotency_in_progress", "contended"}


def race(stage: Stage, keys: list[str]) -> tuple[list[Told], str]:
    """One offer, booked by all at once; what each was told, and the offer's id."""
    booking = the("create_booking")
    arguments = stage.fresh_arguments(booking)
    racers = zip(cycle(EVERY), keys, strict=False)
    told = together(*[partial(stage.call, door, booking, arguments, key=key) for door, key in racers])
    heard = [one for one in told if isinstance(one, Told)]
    assert len(heard) == THREADS, told
    assert all(one.status < 500 for one in heard)
    return heard, arguments["offer_id"]


@pytest.mark.parametrize("_round", range(2))
def test_one_key_over_all_doors_makes_one_booking(stage: Stage, _round: int) -> None:
    orders, key = SandboxOrder.objects.count(), str(uuid4())
    heard, offer_id = race(stage, [key] * THREADS)
    booking = Booking.objects.get(offer_id=offer_id)
    assert SandboxOrder.objects.count() == orders + 1
    answered = [one for one in heard if not one.is_refusal]
    assert {one.code for one in heard if one.is_refusal} <= BUSY
    assert {one.body["booking_id"] for one in answered} == {str(booking.pk)}
    assert sum(not one.replayed for one in answered) <= 1
    assert booking.state == "ticketed"


@pytest.mark.parametrize("_round", range(2))
def test_different_keys_for_one_offer_make_one_booking(stage: Stage, _round: int) -> None:
    orders = SandboxOrder.objects.count()
    heard, offer_id = race(stage, [str(uuid4()) for _ in range(THREADS)])
    assert Booking.objects.filter(offer_id=offer_id).count() == 1
    assert SandboxOrder.objects.count() == orders + 1
    assert sum(not one.is_refusal for one in heard) == 1
    assert {one.code for one in heard if one.is_refusal} <= {"offer_stale", "contended"}
    assert any(one.code == "offer_stale" for one in heard)
