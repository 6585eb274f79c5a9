"""create_booking: every failure that the airline may answer with, asked for by the passenger's family name."""

from decimal import Decimal

import pytest

from bookings.booking.failures import PaymentDeclined, PriceChanged, ProviderUnavailable, SoldOut
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.offer.models import Offer
from bookings.offer.schemas import OfferStatus, OfferView
from bookings.offer.services import OfferStale
from bookings.sandbox_airline.models import SandboxOrder
from movmo.kit.errors import DomainError, Kind
from movmo.operations.dispatch import Answer
from tests.contract.world import World, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

KEY = "ana-books-once"
FINAL: list[tuple[str, type[DomainError], Kind, str]] = [
    ("SOLDOUT", SoldOut, Kind.CONFLICT, OfferStatus.REFUSED),
    ("PRICEUP", PriceChanged, Kind.CONFLICT, OfferStatus.ACTIVE),
    ("EXPIRED", OfferStale, Kind.CONFLICT, OfferStatus.REFUSED),
    ("DECLINED", PaymentDeclined, Kind.RULE, OfferStatus.ACTIVE),
    ("ERROR502CLEAN", ProviderUnavailable, Kind.UPSTREAM_UNREACHABLE, OfferStatus.ACTIVE),
]


def book(world: World, offer: OfferView) -> Answer | DomainError:
    try:
        return world.book(offer, key=KEY)
    except DomainError as refusal:
        return refusal


@pytest.mark.parametrize(("name", "error", "kind", "offer_status"), FINAL, ids=[row[0] for row in FINAL])
def test_a_final_failure_is_told_and_told_again(
    world: World, name: str, error: type[DomainError], kind: Kind, offer_status: str
) -> None:
    offer = world.mapped_offer(family_name=name)
    first, again = book(world, offer), book(world, offer)
    assert isinstance(first, error)
    assert isinstance(again, error)
    assert first.kind is kind
    assert (again.facts, again.text) == (first.facts, first.text)
    assert (first.replayed, again.replayed) == (False, True)
    assert not SandboxOrder.objects.exists()


@pytest.mark.parametrize(("name", "error", "kind", "offer_status"), FINAL, ids=[row[0] for row in FINAL])
def test_after_a_final_failure_the_booking_says_why_and_the_offer_is_free_or_over(
    world: World, name: str, error: type[DomainError], kind: Kind, offer_status: str
) -> None:
    offer = world.mapped_offer(family_name=name)
    book(world, offer)
    booking = Booking.objects.get()
    answer = world.call("get_booking", booking_id=str(booking.pk))
    failure = view_of(BookingView, answer).failure
    assert failure is not None
    assert (booking.state, failure.code) == ("failed", error.code)
    assert Offer.objects.get(pk=offer.offer_id).status == offer_status


def test_a_raised_price_is_told_with_the_old_one(world: World) -> None:
    offer = world.mapped_offer(family_name="PRICEUP")
    refusal = book(world, offer)
    assert isinstance(refusal, PriceChanged)
    assert refusal.facts["old"] == offer.total.model_dump()
    assert Decimal(refusal.facts["new"]["amount"]) > Decimal(offer.total.amount)


def test_after_a_declined_payment_the_offer_is_booked_with_a_new_key(world: World) -> None:
    offer = world.mapped_offer(family_name="DECLINED")
    book(world, offer)
    world.map(offer, 0, world.passenger())
    assert view_of(BookingView, world.book(offer)).status == "ticketed"


@pytest.mark.parametrize("name", ["TIMEOUTBOOKED", "ERROR500BOOKED", "TIMEOUTLOST"])
def test_an_answer_that_was_lost_leaves_the_booking_undecided(world: World, name: str) -> None:
    answer = book(world, world.mapped_offer(family_name=name))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.view.is_undecided()) == (202, True)
    booking = view_of(BookingView, answer)
    assert (booking.status, booking.ticketing, booking.record_locator) == ("unknown", "not_booked", None)


@pytest.mark.parametrize("name", ["TIMEOUTBOOKED", "ERROR500BOOKED"])
def test_an_order_whose_answer_was_lost_is_found_by_the_next_read(world: World, name: str) -> None:
    answer = book(world, world.mapped_offer(family_name=name))
    assert isinstance(answer, Answer)
    booking_id = str(view_of(BookingView, answer).booking_id)
    booking = view_of(BookingView, world.call("get_booking", booking_id=booking_id))
    assert (booking.status, booking.ticketing) == ("ticketed", "ticketed")
    assert booking.record_locator == SandboxOrder.objects.get().record_locator


@pytest.mark.parametrize("name", ["TIMEOUTBOOKED", "ERROR500BOOKED"])
def test_an_order_whose_answer_was_lost_is_found_by_a_replay_with_the_first_status(world: World, name: str) -> None:
    offer = world.mapped_offer(family_name=name)
    book(world, offer)
    again = book(world, offer)
    assert isinstance(again, Answer)
    assert (again.status, again.replayed, view_of(BookingView, again).status) == (202, True, "ticketed")
    assert SandboxOrder.objects.count() == 1
