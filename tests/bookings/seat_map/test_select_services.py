"""select_services: a whole choice in the place of the one before, priced into the total, and frozen by the booking."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bookings.booking.failures import PriceChanged
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.offer.asking import ProviderUnreachable, ReadingRefused
from bookings.offer.models import Offer
from bookings.offer.schemas import OfferView, RefreshView
from bookings.offer.services import NotBookable, OfferStale
from bookings.providers.errors import Unavailable
from bookings.providers.transport import refuse_in_transaction
from bookings.seat_map.services import (
    SeatChosenTwice,
    SeatForLapInfant,
    SeatInOtherCabin,
    SeatNotAvailable,
    ServiceCurrency,
    ServiceQuantity,
    ServiceStale,
)
from movmo.kit.errors import DomainError, InvalidArguments, NotFound
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer, Contended
from tests.bookings.offer.desk import Desk
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of
from tests.operations.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "desk")]


def choose(world: World, offer: OfferView, **choice: Any) -> OfferView:
    arguments = {"provider": offer.provider, "offer_id": str(offer.offer_id), "seats": [], "services": [], **choice}
    return view_of(OfferView, world.call("select_services", **arguments))


def refusal(world: World, offer: OfferView, **choice: Any) -> DomainError:
    """What a refused choice says. The one before stands."""
    before = Offer.objects.values().get(pk=offer.offer_id)
    with pytest.raises(DomainError) as caught:
        choose(world, offer, **choice)
    assert Offer.objects.values().get(pk=offer.offer_id) == before
    return caught.value


def seat(offer: OfferView, designator: str, *, slot: int = 0, segment: int = 1) -> dict[str, Any]:
    return {"segment": segment, "slot_id": str(offer.passengers[slot].slot_id), "designator": designator}


def bag(offer: OfferView, which: int = 0, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"service_id": offer.services[which].service_id, "quantity": quantity, **more}


def minor(money: Any) -> int:
    return int(money.amount.replace(".", ""))


def with_services(offer: OfferView, **change: Any) -> None:
    """As if the provider had offered its first service otherwise."""
    row = Offer.objects.get(pk=offer.offer_id)
    row.normalised["services"][0] |= change
    row.save(update_fields=["normalised"])


class TestChosen:
    def test_the_total_is_base_tax_fees_and_services(self, world: World) -> None:
        offer = world.offer("ADT", "ADT")
        chosen = choose(world, offer, seats=[seat(offer, "12A"), seat(offer, "12B", slot=1)], services=[bag(offer, 1)])
        assert minor(chosen.services_total) == 1_500 + 900 + minor(offer.services[1].total)
        parts = (chosen.base, chosen.tax, chosen.fees, chosen.services_total)
        assert minor(chosen.total) == sum(minor(part) for part in parts)
        assert minor(chosen.total) == minor(offer.total) + minor(chosen.services_total)

    def test_each_choice_says_what_it_is_for_whom_and_on_which_flight(self, world: World) -> None:
        offer = world.offer("ADT", origin="LHR", destination="DXB")
        chosen = choose(world, offer, seats=[seat(offer, "12C", segment=2)], services=[bag(offer, quantity=2)])
        place, bags = chosen.selected_services
        assert (place.type, place.designator, place.segments, place.quantity) == ("seat", "12C", [2], 1)
        assert (bags.type, bags.designator, bags.segments, bags.quantity) == ("baggage", None, [1, 2], 2)
        assert minor(bags.total) == 2 * minor(offer.services[0].total)
        assert place.slot_id == bags.slot_id == offer.passengers[0].slot_id

    def test_the_offer_tells_of_its_bags_by_flight_slot_and_weight(self, world: World) -> None:
        offer = world.offer("ADT", "ADT", origin="LHR", destination="DXB")
        told = [(one.type, one.baggage_type, one.segments, one.slot_ids) for one in offer.services]
        assert told == [("baggage", "checked", [1, 2], [slot.slot_id]) for slot in offer.passengers]
        assert all(one.maximum_weight_kg for one in offer.services)

    def test_a_new_choice_takes_the_place_of_the_old(self, world: World) -> None:
        offer = world.offer()
        choose(world, offer, seats=[seat(offer, "12A")], services=[bag(offer)])
        chosen = choose(world, offer, seats=[seat(offer, "12B")])
        assert [one.designator for one in chosen.selected_services] == ["12B"]
        assert minor(chosen.services_total) == 900

    def test_empty_lists_clear_it(self, world: World) -> None:
        offer = world.offer()
        choose(world, offer, seats=[seat(offer, "12A")], services=[bag(offer)])
        cleared = choose(world, offer)
        assert (cleared.selected_services, cleared.total) == ([], offer.total)

    def test_putting_passengers_on_leaves_it(self, world: World) -> None:
        offer = world.offer()
        chosen = choose(world, offer, seats=[seat(offer, "12A")])
        mapped = view_of(OfferView, world.map(offer, 0, world.passenger()))
        assert (mapped.selected_services, mapped.total) == (chosen.selected_services, chosen.total)

    def test_each_choice_is_a_version_of_the_offer(self, world: World) -> None:
        offer = world.offer()
        choose(world, offer, seats=[seat(offer, "12A")])
        choose(world, offer)
        assert Offer.objects.get(pk=offer.offer_id).version == 3

    def test_the_seats_are_read_outside_of_any_transaction(self, world: World, desk: Desk) -> None:
        desk.before_answering = refuse_in_transaction
        offer = world.offer()
        choose(world, offer, seats=[seat(offer, "12A")])

    def test_for_bags_nobody_is_asked(self, world: World, desk: Desk) -> None:
        offer = world.offer()
        choose(world, offer, services=[bag(offer)])
        assert desk.seat_maps_asked == 0

    def test_an_unclaimed_offer_becomes_the_traveler_s_own(
        self, world: World, aviare_alone: Caller, bo_at_aviare: Caller
    ) -> None:
        offer = World(aviare_alone).offer()
        choose(world, offer, services=[bag(offer)])
        assert isinstance(refusal(World(bo_at_aviare), offer), NotFound)


class TestBooked:
    def test_the_choice_goes_into_the_order_and_is_shown_by_the_booking(self, world: World, desk: Desk) -> None:
        offer = world.mapped_offer("ADT", "ADT")
        chosen = choose(world, offer, seats=[seat(offer, "12B", slot=1)], services=[bag(offer, quantity=2)])
        booking = view_of(BookingView, world.book(chosen))
        (order,) = desk.orders
        assert order.total.amount == booking.total.amount == chosen.total.amount
        persons = [one.provider_passenger_id for one in order.passengers]
        assert [
            (one.type, one.designator, one.quantity, one.provider_passenger_id, one.total.minor)
            for one in order.services
        ] == [
            ("seat", "12B", 1, persons[1], 900),
            ("baggage", None, 2, persons[0], 2 * minor(offer.services[0].total)),
        ]
        shown = [one.model_dump() for one in booking.services]
        assert shown == [one.model_dump(exclude={"service_id"}) for one in chosen.selected_services]

    def test_the_total_without_the_services_is_another_price(self, world: World) -> None:
        offer = world.mapped_offer()
        chosen = choose(world, offer, seats=[seat(offer, "12A")])
        with pytest.raises(PriceChanged) as caught:
            world.book(offer)
        assert caught.value.facts["new"]["amount"] == chosen.total.amount
        assert not Booking.objects.exists()

    def test_afterwards_nothing_more_is_chosen(self, world: World) -> None:
        offer = world.mapped_offer()
        world.book(offer)
        assert isinstance(refusal(world, offer, services=[bag(offer)]), OfferStale)


class TestSeatsRefused:
    def test_one_of_another_cabin(self, world: World) -> None:
        offer = world.offer()
        said = refusal(world, offer, seats=[seat(offer, "1A")])
        assert isinstance(said, SeatInOtherCabin)
        assert (said.facts["cabin_class"], said.facts["fare"]) == ("business", "economy")

    @pytest.mark.parametrize("designator", ["14A", "99F"])
    def test_one_that_is_taken_or_does_not_exist(self, world: World, designator: str) -> None:
        offer = world.offer()
        assert isinstance(refusal(world, offer, seats=[seat(offer, designator)]), SeatNotAvailable)

    def test_one_for_two(self, world: World, desk: Desk) -> None:
        offer = world.offer("ADT", "ADT")
        both = [seat(offer, "12A"), seat(offer, "12A", slot=1)]
        assert isinstance(refusal(world, offer, seats=both), SeatChosenTwice)
        assert desk.seat_maps_asked == 0

    def test_two_for_one(self, world: World) -> None:
        offer = world.offer()
        assert isinstance(refusal(world, offer, seats=[seat(offer, "12A"), seat(offer, "12B")]), SeatChosenTwice)

    def test_on_different_flights_the_same_seat_is_another(self, world: World) -> None:
        offer = world.offer(origin="LHR", destination="DXB")
        chosen = choose(world, offer, seats=[seat(offer, "12A"), seat(offer, "12A", segment=2)])
        assert [one.segments for one in chosen.selected_services] == [[1], [2]]

    def test_one_for_a_lap_infant(self, world: World) -> None:
        offer = world.offer("ADT", "INF")
        assert isinstance(refusal(world, offer, seats=[seat(offer, "12A", slot=1)]), SeatForLapInfant)

    def test_one_on_a_flight_that_the_offer_does_not_have(self, world: World) -> None:
        offer = world.offer()
        said = refusal(world, offer, seats=[seat(offer, "12A", segment=9)])
        assert isinstance(said, InvalidArguments)
        assert list(said.fields) == ["/seats/0/segment"]

    def test_one_for_a_slot_of_another_offer(self, world: World) -> None:
        offer = world.offer()
        said = refusal(world, offer, seats=[seat(world.offer(), "12A")])
        assert said.facts == {"what": "slot"}

    def test_one_at_a_negative_price(self, world: World, desk: Desk) -> None:
        desk.prices["12B"] = -900
        offer = world.offer()
        assert isinstance(refusal(world, offer, seats=[seat(offer, "12A")]), ReadingRefused)

    def test_ones_that_are_priced_in_another_currency(self, world: World, desk: Desk) -> None:
        desk.currency = "USD"
        offer = world.offer()
        assert isinstance(refusal(world, offer, seats=[seat(offer, "12A")]), ReadingRefused)

    def test_while_the_provider_does_not_answer(self, world: World, desk: Desk) -> None:
        desk.failure = Unavailable("nobody there")
        offer = world.offer()
        assert isinstance(refusal(world, offer, seats=[seat(offer, "12A")]), ProviderUnreachable)

    def test_at_a_provider_without_seats(self, world: World, limit: Callable[..., None]) -> None:
        offer = world.offer()
        limit(seat_map=False)
        assert isinstance(refusal(world, offer, seats=[seat(offer, "12A")]), NotBookable)


class TestServicesRefused:
    def test_an_id_of_an_older_reading(self, world: World) -> None:
        offer = world.offer()
        answer = world.call("refresh_offer", provider="sandbox", offer_id=str(offer.offer_id))
        fresh = view_of(RefreshView, answer).offer
        assert isinstance(refusal(world, fresh, services=[bag(offer)]), ServiceStale)
        assert choose(world, fresh, services=[bag(fresh)]).selected_services

    def test_an_id_of_another_offer(self, world: World) -> None:
        assert isinstance(refusal(world, world.offer(), services=[bag(world.offer())]), ServiceStale)

    def test_more_than_are_sold(self, world: World) -> None:
        offer = world.offer()
        said = refusal(world, offer, services=[bag(offer, quantity=3)])
        assert isinstance(said, ServiceQuantity)
        assert said.facts == {"maximum": 2, "quantity": 3}

    def test_more_than_are_sold_in_two_lines(self, world: World) -> None:
        offer = world.offer()
        said = refusal(world, offer, services=[bag(offer, quantity=2), bag(offer, quantity=2)])
        assert isinstance(said, InvalidArguments)
        assert list(said.fields) == ["/services/1/service_id"]

    def test_one_for_a_slot_of_another_offer(self, world: World) -> None:
        offer = world.offer()
        theirs = str(world.offer().passengers[0].slot_id)
        assert refusal(world, offer, services=[bag(offer, slot_id=theirs)]).facts == {"what": "slot"}

    def test_one_for_somebody_else_of_the_party(self, world: World) -> None:
        offer = world.offer("ADT", "ADT")
        said = refusal(world, offer, services=[bag(offer, 0, slot_id=str(offer.passengers[1].slot_id))])
        assert isinstance(said, InvalidArguments)
        assert list(said.fields) == ["/services/0/slot_id"]

    def test_one_for_several_without_saying_for_whom(self, world: World) -> None:
        offer = world.offer("ADT", "ADT")
        everybody = [one["provider_passenger_id"] for one in Offer.objects.get().normalised["passengers"]]
        with_services(offer, provider_passenger_ids=everybody)
        said = refusal(world, offer, services=[bag(offer)])
        assert isinstance(said, InvalidArguments)
        bea = str(offer.passengers[1].slot_id)
        (chosen,) = choose(world, offer, services=[bag(offer, slot_id=bea)]).selected_services
        assert str(chosen.slot_id) == bea

    def test_one_in_another_currency(self, world: World) -> None:
        offer = world.offer()
        with_services(offer, currency="USD")
        assert isinstance(refusal(world, offer, services=[bag(offer)]), ServiceCurrency)

    def test_a_seat_that_nobody_can_say_which_it_is(self, world: World) -> None:
        offer = world.offer()
        with_services(offer, type="seat")
        assert isinstance(refusal(world, offer, services=[bag(offer)]), ServiceStale)

    def test_one_at_a_negative_price(self, world: World) -> None:
        offer = world.offer()
        with_services(offer, total_minor=-1)
        assert isinstance(refusal(world, offer, services=[bag(offer)]), ReadingRefused)

    def test_prices_that_make_no_total_together(self, world: World) -> None:
        offer = world.offer()
        with_services(offer, total_minor=10**15, maximum_quantity=99)
        assert isinstance(refusal(world, offer, services=[bag(offer, quantity=99)]), ReadingRefused)

    def test_of_an_offer_that_has_run_out(self, world: World, clock: StoppedClock) -> None:
        offer = world.offer()
        clock.forward(minutes=30)
        assert isinstance(refusal(world, offer, services=[bag(offer)]), OfferStale)

    def test_of_another_traveler_s_offer(self, world: World, bo_at_aviare: Caller) -> None:
        offer = world.offer()
        assert isinstance(refusal(World(bo_at_aviare), offer, services=[bag(offer)]), NotFound)


@pytest.mark.django_db(transaction=True)
def test_chosen_and_booked_at_once_what_is_paid_is_what_is_ordered(world: World, desk: Desk) -> None:
    for _ in range(6):
        offer = world.mapped_offer()
        chosen, booked = together(partial(choose, world, offer, seats=[seat(offer, "12A")]), partial(world.book, offer))
        assert isinstance(chosen, OfferView | OfferStale | Contended)
        booking = Booking.objects.filter(offer_id=offer.offer_id).first()
        if isinstance(booked, Answer):
            assert booking is not None
            assert (booking.services, booking.total.amount) == ([], offer.total.amount)
            assert (desk.orders[-1].services, desk.orders[-1].total) == ((), booking.total)
        else:
            assert isinstance(booked, PriceChanged | OfferStale | Contended)
            assert booking is None


@pytest.mark.django_db(transaction=True)
def test_of_two_choices_at_once_one_stands_whole(world: World) -> None:
    offer = world.offer()
    calls = [partial(choose, world, offer, seats=[seat(offer, one)]) for one in ("12A", "12B", "12C")]
    outcomes = together(*calls)
    row = Offer.objects.get(pk=offer.offer_id)
    assert sum(isinstance(one, OfferView) for one in outcomes) == row.version - 1 >= 1
    (last,) = row.chosen
    assert row.services_minor == last.total_minor
