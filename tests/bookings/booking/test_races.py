"""Booking and mapping of one offer at the same moment: whoever comes first is whole, on both databases."""

from functools import partial

import pytest

from bookings.booking.models import Booking
from bookings.booking.services import PassengerMissing
from bookings.offer.models import OfferSlot
from bookings.offer.services import OfferStale
from bookings.passenger.schemas import PassengerView
from movmo.kit.errors import NotFound
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer, Contended
from movmo.operations.idempotency import IdempotencyInProgress
from tests.contract.world import World
from tests.operations.together import together

ROUNDS = 4


@pytest.mark.django_db(transaction=True)
def test_the_offer_names_whom_the_booking_names(world: World) -> None:
    for _ in range(ROUNDS):
        offer = world.mapped_offer()
        others = [world.passenger() for _ in range(4)]
        answers = together(partial(world.book, offer), *(partial(world.map, offer, 0, other) for other in others))
        assert all(isinstance(answer, Answer | OfferStale | Contended) for answer in answers)
        booking = Booking.objects.get(offer_id=offer.offer_id)
        slot = OfferSlot.objects.get(offer_id=offer.offer_id)
        assert booking.passengers[0]["passenger_id"] == str(slot.passenger_id)


@pytest.mark.django_db(transaction=True)
def test_nobody_books_a_passenger_of_somebody_else(
    aviare_alone: Caller, ana_at_aviare: Caller, bo_at_aviare: Caller
) -> None:
    ana, bo, nobody = World(ana_at_aviare), World(bo_at_aviare), World(aviare_alone)
    for _ in range(ROUNDS):
        offer = nobody.offer()
        hers: PassengerView = ana.passenger()
        mapped, booked = together(partial(ana.map, offer, 0, hers), partial(bo.book, offer))
        assert isinstance(mapped, Answer)
        assert isinstance(booked, PassengerMissing | NotFound | OfferStale | Contended | IdempotencyInProgress)
        assert not Booking.objects.filter(offer_id=offer.offer_id).exists()
