"""Bookings at the same moment, from threads with connections of their own."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.offer.services import OfferStale
from bookings.sandbox_airline.models import SandboxOrder
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer, Contended
from movmo.operations.idempotency import IdempotencyInProgress
from tests.contract.world import World
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "ana-books-once"
THREADS = 6
BUSY = IdempotencyInProgress | Contended


def strangers(outcomes: list[Any], *known: Any) -> list[Any]:
    return [outcome for outcome in outcomes if not isinstance(outcome, known)]


def test_with_one_key_over_both_doors_one_order_is_made(world: World, ana_by_scout: Caller) -> None:
    offer = world.mapped_offer()
    doors = (world.caller, ana_by_scout)
    calls: list[Callable[[], Answer]] = [partial(world.book, offer, key=KEY, by=doors[n % 2]) for n in range(THREADS)]
    outcomes = together(*calls)
    assert strangers(outcomes, Answer, BUSY) == []
    assert SandboxOrder.objects.count() == Booking.objects.count() == 1
    told = {one.view.booking_id for one in outcomes if isinstance(one, Answer) and isinstance(one.view, BookingView)}
    assert told <= {Booking.objects.get().pk}
    assert world.book(offer, key=KEY).replayed
    assert Booking.objects.get().state == "ticketed"


def test_with_different_keys_one_offer_is_booked_once(world: World) -> None:
    offer = world.mapped_offer()
    outcomes = together(*[partial(world.book, offer) for _ in range(THREADS)])
    assert strangers(outcomes, Answer, OfferStale, Contended) == []
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 1
    assert SandboxOrder.objects.count() == Booking.objects.count() == 1


def test_different_offers_do_not_hinder_one_another(world: World) -> None:
    offers = [world.mapped_offer() for _ in range(THREADS)]
    outcomes = together(*[partial(world.book, offer) for offer in offers])
    assert strangers(outcomes, Answer) == []
    assert SandboxOrder.objects.count() == THREADS
