"""create_booking: what it takes, what it freezes, and every way in which it is refused before anything is sent."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from bookings.booking.failures import PriceChanged
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.schemas import BookingView
from bookings.booking.services import HoldNotAvailable, PassengerMissing
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.party import DuplicateName, InfantTurnsTwo
from bookings.offer.schemas import OfferView
from bookings.offer.services import NotBookable, OfferStale
from bookings.passenger.models import Passenger
from bookings.providers import registry
from bookings.providers.port import Provider
from bookings.providers.types import Capabilities
from bookings.sandbox_airline.models import SandboxOrder
from movmo.kit.errors import DomainError, InvalidArguments, NotFound
from movmo.kit.money import AmountInvalid
from movmo.operations.context import Caller
from movmo.operations.models import AuditEvent, IdempotencyRecord
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


class ClosedProvider:
    """A provider whose offers can be looked at and no longer booked."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._provider.capabilities, bookable=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


def booked(world: World, offer: OfferView, **changes: Any) -> BookingView:
    return view_of(BookingView, world.book(offer, **changes))


def refusal(world: World, offer: OfferView, **changes: Any) -> DomainError:
    """What a refused call says. Nothing is left of it."""
    status = Offer.objects.get(pk=offer.offer_id).status
    with pytest.raises(DomainError) as caught:
        world.book(offer, **changes)
    assert not SandboxOrder.objects.exists()
    assert Offer.objects.get(pk=offer.offer_id).status == status
    return caught.value


class TestBooked:
    def test_an_offer_is_booked_and_ticketed(self, world: World) -> None:
        booking = booked(world, world.mapped_offer())
        assert (booking.status, booking.ticketing, booking.failure) == ("ticketed", "ticketed", None)
        assert booking.record_locator == booking.record_locators[0] == SandboxOrder.objects.get().record_locator

    def test_it_answers_201(self, world: World) -> None:
        assert world.book(world.mapped_offer()).status == 201

    def test_our_id_is_the_airline_s_reference(self, world: World) -> None:
        booking = booked(world, world.mapped_offer())
        assert SandboxOrder.objects.get().client_reference == str(booking.booking_id)

    def test_everybody_gets_a_ticket_under_their_ticket_name(self, world: World) -> None:
        booking = booked(world, world.mapped_offer("ADT", "CHD", "INF", family_name="Müller"))
        assert len(booking.documents) == 3
        assert all(person.name_as_ticketed.startswith("MUELLER/") for person in booking.passengers)
        assert all(name["ticket_name"].startswith("MUELLER/") for name in SandboxOrder.objects.get().passengers)

    def test_a_lap_infant_travels_with_its_adult(self, world: World) -> None:
        adult, infant = booked(world, world.mapped_offer("ADT", "INF")).passengers
        assert (infant.type, infant.associated_adult) == ("INF", adult.slot_id)

    def test_a_hold_reserves_and_tickets_nobody(self, world: World) -> None:
        booking = booked(world, world.mapped_offer(holdable=True), mode="hold")
        assert (booking.status, booking.ticketing) == ("held", "reserved_not_ticketed")
        assert booking.payment_required_by is not None

    def test_the_row_says_who_booked_through_which_door(self, world: World, ana_by_scout: Caller) -> None:
        booking = booked(world, world.mapped_offer(), by=ana_by_scout)
        row = Booking.objects.get(pk=booking.booking_id)
        assert (row.user_id, row.partner_id, row.client_id, row.door) == (ana_by_scout.user_id, None, "scout", "mcp")
        assert str(row) == f"{booking.record_locator} (ticketed)"

    def test_every_step_is_written_down(self, world: World) -> None:
        booked(world, world.mapped_offer())
        steps = BookingTransition.objects.order_by("id")
        assert [str(step) for step in steps] == [
            " → reserved",
            "reserved → submitting",
            "submitting → confirmed",
            "confirmed → ticketed",
        ]

    def test_the_call_leaves_its_audit_lines(self, world: World) -> None:
        booking = booked(world, world.mapped_offer())
        lines = AuditEvent.objects.filter(operation="create_booking").order_by("id")
        assert [(line.phase, line.code) for line in lines] == [("intent", ""), ("outcome", "done")]
        assert lines[1].resource_id == booking.booking_id

    def test_passengers_stay_as_they_were_booked(self, world: World) -> None:
        offer = world.mapped_offer(family_name="Before")
        booking = booked(world, offer)
        Passenger.objects.update(family_name="After", deleted_at=timezone.now())
        again = view_of(BookingView, world.call("get_booking", booking_id=str(booking.booking_id)))
        assert [person.family_name for person in again.passengers] == ["Before"]

    def test_the_itinerary_stays_as_it_was_booked(self, world: World) -> None:
        offer = world.mapped_offer()
        assert booked(world, offer).slices == offer.slices


class TestRefused:
    def test_slots_without_a_passenger(self, world: World) -> None:
        offer = world.offer("ADT", "ADT")
        world.map(offer, 0, world.passenger())
        refused = refusal(world, offer)
        assert isinstance(refused, PassengerMissing)
        assert refused.facts == {"unmapped": 1, "slots": [str(offer.passengers[1].slot_id)]}

    def test_a_passenger_who_has_been_deleted_since(self, world: World) -> None:
        offer = world.mapped_offer()
        Passenger.objects.update(deleted_at=timezone.now())
        assert isinstance(refusal(world, offer), PassengerMissing)

    def test_another_total_than_the_traveler_was_shown(self, world: World) -> None:
        offer = world.mapped_offer()
        refused = refusal(world, offer, expected_total={"amount": "1.00", "currency": offer.total.currency})
        assert isinstance(refused, PriceChanged)
        shown = {"amount": "1.00", "currency": offer.total.currency}
        assert refused.facts == {"old": shown, "new": offer.total.model_dump()}

    def test_the_same_amount_in_another_currency(self, world: World) -> None:
        offer = world.mapped_offer()
        refused = refusal(world, offer, expected_total={"amount": offer.total.amount, "currency": "USD"})
        assert f"{offer.total.currency}, not {offer.total.amount} USD" in refused.text

    def test_the_same_total_written_shorter_is_the_same(self, world: World) -> None:
        offer = world.mapped_offer()
        amount = offer.total.amount.rstrip("0").rstrip(".")
        booked(world, offer, expected_total={"amount": amount, "currency": offer.total.currency})

    def test_a_total_with_too_many_decimals(self, world: World) -> None:
        refused = refusal(world, world.mapped_offer(), expected_total={"amount": "1.001", "currency": "EUR"})
        assert isinstance(refused, AmountInvalid)

    @pytest.mark.parametrize("amount", [412.3, 412, "4e2", "-1.00", ""])
    def test_a_total_that_is_no_decimal_string(self, world: World, amount: object) -> None:
        refused = refusal(world, world.mapped_offer(), expected_total={"amount": amount, "currency": "EUR"})
        assert isinstance(refused, InvalidArguments)
        assert set(refused.fields) == {"/expected_total/amount"}

    def test_an_expired_offer(self, world: World, clock: StoppedClock) -> None:
        offer = world.mapped_offer()
        clock.forward(minutes=30)
        assert isinstance(refusal(world, offer), OfferStale)

    def test_two_passengers_who_would_be_ticketed_alike(self, world: World) -> None:
        offer = world.offer("ADT", "ADT")
        for slot, family_name in enumerate(("Müller", "Mueller")):
            world.map(offer, slot, world.passenger(given_name="Ana", family_name=family_name))
        refused = refusal(world, offer)
        assert isinstance(refused, DuplicateName)
        assert refused.facts == {"name": "MUELLER/ANA"}

    def test_a_passenger_whose_birth_date_was_changed_since(self, world: World) -> None:
        offer = world.mapped_offer("ADT", "INF")
        departure = offer.slices[0].segments[0].departing.local.date()
        infant = OfferSlot.objects.get(offer_id=offer.offer_id, type="INF").passenger
        assert infant is not None
        Passenger.objects.filter(pk=infant.pk).update(birth_date=departure.replace(year=departure.year - 5))
        assert not isinstance(refusal(world, offer), InfantTurnsTwo)

    def test_a_hold_of_an_offer_that_is_paid_at_once(self, world: World) -> None:
        assert isinstance(refusal(world, world.mapped_offer(), mode="hold"), HoldNotAvailable)

    def test_an_offer_of_a_provider_that_has_ceased_to_take_bookings(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        offer = world.mapped_offer()
        monkeypatch.setitem(registry._providers, "sandbox", ClosedProvider(registry.provider("sandbox")))
        refused = refusal(world, offer)
        assert isinstance(refused, NotBookable)
        assert refused.facts == {"provider": "sandbox", "what": "booking"}

    def test_an_offer_of_another_traveler(self, world: World, bo_at_aviare: Caller) -> None:
        offer = world.mapped_offer()
        assert isinstance(refusal(World(bo_at_aviare), offer), NotFound)

    def test_an_offer_under_another_provider_s_name(self, world: World) -> None:
        assert isinstance(refusal(world, world.mapped_offer(), provider="duffel"), NotFound)

    def test_a_refused_reservation_stores_no_key(self, world: World) -> None:
        before = IdempotencyRecord.objects.count()
        offer = world.offer()
        refusal(world, offer, key="ana-books-once")
        assert IdempotencyRecord.objects.filter(operation="create_booking").count() == 0
        assert IdempotencyRecord.objects.count() > before  # the offer's own key

    def test_a_second_booking_of_the_same_offer(self, world: World) -> None:
        offer = world.mapped_offer()
        booked(world, offer)
        with pytest.raises(OfferStale):
            world.book(offer)
        assert SandboxOrder.objects.count() == Booking.objects.count() == 1
