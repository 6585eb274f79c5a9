"""refresh_offer: the provider is asked again, and its answer takes the place of the reading before or of nothing."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.offer.asking import ProviderUnreachable, ReadingRefused
from bookings.offer.models import Offer
from bookings.offer.schemas import OfferView, RefreshView
from bookings.offer.services import NotBookable, OfferStale, SoldOut
from bookings.providers.errors import OutcomeUnknown, ProviderFailure, Refusal, Rejected, Unavailable
from bookings.providers.transport import refuse_in_transaction
from movmo.kit.errors import DomainError, NotFound
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer, Contended
from tests.bookings.offer.desk import Desk, dearer
from tests.conftest import StoppedClock
from tests.contract.world import World, raw_offer, view_of
from tests.operations.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def named(offer: OfferView) -> dict[str, Any]:
    return {"provider": offer.provider, "offer_id": str(offer.offer_id)}


def refreshed(world: World, offer: OfferView, **options: Any) -> RefreshView:
    return view_of(RefreshView, world.call("refresh_offer", **named(offer), **options))


def read(world: World, offer: OfferView) -> OfferView:
    return view_of(OfferView, world.call("get_offer_details", **named(offer)))


def choose(world: World, offer: OfferView, **choice: Any) -> OfferView:
    return view_of(OfferView, world.call("select_services", **named(offer), **{"seats": [], "services": [], **choice}))


def seat(offer: OfferView, designator: str, slot: int = 0, segment: int = 1) -> dict[str, Any]:
    return {"segment": segment, "slot_id": str(offer.passengers[slot].slot_id), "designator": designator}


def refusal(world: World, offer: OfferView) -> DomainError:
    """What a refused refresh says. The offer is as it was."""
    before = Offer.objects.values().get(pk=offer.offer_id)
    with pytest.raises(DomainError) as caught:
        refreshed(world, offer)
    assert Offer.objects.values().get(pk=offer.offer_id) == before
    return caught.value


class TestRefreshed:
    def test_the_same_price_is_told_as_unchanged(self, world: World, desk: Desk) -> None:
        offer = world.offer()
        told = refreshed(world, offer)
        assert (told.old, told.new, told.changed) == (offer.total, offer.total, False)
        assert told.dropped_services == []

    def test_a_new_price_is_told_beside_the_old(self, world: World, desk: Desk) -> None:
        offer = world.offer()
        desk.change = dearer
        told = refreshed(world, offer)
        assert (told.old, told.new, told.changed) == (offer.total, told.offer.total, True)
        assert told.new != told.old
        assert read(world, offer).total == told.new

    def test_the_offer_keeps_its_id_and_lives_on(self, world: World, desk: Desk, clock: StoppedClock) -> None:
        offer = world.offer()
        clock.forward(minutes=29)
        told = refreshed(world, offer)
        assert told.offer.offer_id == offer.offer_id
        assert told.offer.expires_at > offer.expires_at
        kept = Offer.objects.get(pk=offer.offer_id)
        assert (kept.version, kept.provider_offer_id) == (2, told.offer.provider_offer_id)

    def test_who_is_on_each_slot_stays(self, world: World, desk: Desk) -> None:
        offer = world.mapped_offer("ADT", "CHD", "INF")
        before = read(world, offer).passengers
        assert refreshed(world, offer).offer.passengers == before

    def test_the_provider_is_told_who_travels_and_nothing_more(self, world: World, desk: Desk) -> None:
        offer = world.offer("ADT", "ADT")
        world.map(offer, 1, world.passenger(given_name="Zoë", family_name="Müller", email="zoe@example.com"))
        refreshed(world, offer)
        ((known,),) = desk.asked
        assert (known.family_name, known.given_name, known.email, known.document) == ("MUELLER", "ZOE", None, None)

    def test_the_booking_is_made_at_the_new_price_with_the_new_reading(self, world: World, desk: Desk) -> None:
        offer = world.mapped_offer()
        desk.change = dearer
        told = refreshed(world, offer)
        booking = view_of(BookingView, world.book(told.offer))
        (order,) = desk.orders
        assert (booking.total, order.total.amount) == (told.new, told.new.amount)
        assert order.offer.normalised.provider_offer_id == told.offer.provider_offer_id

    def test_a_replay_asks_nobody(self, world: World, desk: Desk) -> None:
        offer = world.offer()
        first = refreshed(world, offer, key="ana-asks-once")
        assert refreshed(world, offer, key="ana-asks-once") == first
        assert len(desk.asked) == 1

    def test_the_provider_is_asked_outside_of_any_transaction(self, world: World, desk: Desk) -> None:
        desk.before_answering = refuse_in_transaction
        refreshed(world, world.offer())

    def test_an_offer_that_nobody_has_claimed_stays_so(self, world: World, aviare_alone: Caller, desk: Desk) -> None:
        offer = World(aviare_alone).offer()
        refreshed(world, offer)
        assert Offer.objects.get(pk=offer.offer_id).user_id is None


class TestChosenServices:
    @pytest.fixture
    def offer(self, world: World, desk: Desk) -> OfferView:
        """A return trip of two with a bag and a seat on the way out."""
        offer = world.mapped_offer("ADT", "ADT")
        bag = {"service_id": offer.services[0].service_id, "quantity": 2}
        return choose(world, offer, seats=[seat(offer, "12A")], services=[bag])

    def test_they_are_found_again_under_their_new_ids(self, world: World, offer: OfferView) -> None:
        told = refreshed(world, offer)
        assert told.dropped_services == []
        before, after = (
            [one.model_dump(exclude={"service_id"}) for one in chosen]
            for chosen in (offer.selected_services, told.offer.selected_services)
        )
        assert before == after
        ids = {one.service_id for one in offer.selected_services}
        assert not ids & {one.service_id for one in told.offer.selected_services}

    def test_what_goes_into_the_order_is_of_the_newest_reading(
        self, world: World, offer: OfferView, desk: Desk
    ) -> None:
        told = refreshed(world, offer)
        world.book(told.offer)
        (order,) = desk.orders
        assert {one.provider_service_id for one in order.services} == {
            one.service_id for one in told.offer.selected_services
        }
        flights = {segment.provider_segment_id for segment in order.offer.normalised.segments}
        assert all(set(one.provider_segment_ids) <= flights for one in order.services)

    def test_a_seat_that_is_dearer_now_is_part_of_the_new_total(
        self, world: World, offer: OfferView, desk: Desk
    ) -> None:
        desk.prices["12A"] += 500
        told = refreshed(world, offer)
        assert told.changed
        assert minor(told.new) - minor(told.old) == 500

    def test_a_seat_that_is_taken_meanwhile_is_dropped_and_named(
        self, world: World, offer: OfferView, desk: Desk
    ) -> None:
        del desk.prices["12A"]
        told = refreshed(world, offer)
        assert [(one.designator, one.total.amount) for one in told.dropped_services] == [("12A", "15.00")]
        assert [one.type for one in told.offer.selected_services] == ["baggage"]
        assert minor(told.old) - minor(told.new) == 1_500

    def test_a_bag_that_is_sold_no_more_is_dropped_and_named(self, world: World, offer: OfferView, desk: Desk) -> None:
        desk.change = lambda raw: raw.update(available_services=[])
        told = refreshed(world, offer)
        assert [one.type for one in told.dropped_services] == ["baggage"]
        assert [one.designator for one in told.offer.selected_services] == ["12A"]

    def test_a_bag_of_which_fewer_are_sold_is_dropped(self, world: World, offer: OfferView, desk: Desk) -> None:
        desk.change = lambda raw: [one.update(maximum_quantity=1) for one in raw["available_services"]]
        assert [one.quantity for one in refreshed(world, offer).dropped_services] == [2]

    def test_a_lighter_bag_is_not_the_same_bag(self, world: World, offer: OfferView, desk: Desk) -> None:
        def lighter(raw: dict[str, Any]) -> None:
            for one in raw["available_services"]:
                one["metadata"]["maximum_weight_kg"] = 10

        desk.change = lighter
        assert [one.type for one in refreshed(world, offer).dropped_services] == ["baggage"]

    def test_of_two_that_are_alike_each_is_found_again_once(self, world: World, desk: Desk) -> None:
        raw = raw_offer()
        raw["available_services"].append(raw["available_services"][0] | {"id": "ase_alike"})
        offer = view_of(OfferView, world.call("create_offer", provider="sandbox", offer=raw))
        bags = [{"service_id": one.service_id, "quantity": one.maximum_quantity} for one in offer.services]
        choose(world, offer, services=bags)
        told = refreshed(world, offer)
        assert len({one.service_id for one in told.offer.selected_services}) == len(bags) == 2
        desk.change = lambda raw: raw["available_services"].pop()
        assert len(refreshed(world, offer).dropped_services) == 1

    def test_a_bag_in_another_currency_is_not_sold(self, world: World, offer: OfferView, desk: Desk) -> None:
        desk.change = lambda raw: [one.update(total_currency="USD") for one in raw["available_services"]]
        assert [one.type for one in refreshed(world, offer).dropped_services] == ["baggage"]

    def test_without_seats_the_seat_map_is_not_asked_for(self, world: World, desk: Desk) -> None:
        refreshed(world, world.offer())
        assert desk.seat_maps_asked == 0


def minor(money: Any) -> int:
    return int(money.amount.replace(".", ""))


FAILURES: list[tuple[ProviderFailure, type[DomainError], bool]] = [
    (Rejected(Refusal.SOLD_OUT, "none left"), SoldOut, False),
    (Rejected(Refusal.OFFER_EXPIRED, "too late"), OfferStale, False),
    (Rejected(Refusal.OTHER, "fare rules forbid"), ReadingRefused, False),
    (Unavailable("nobody there"), ProviderUnreachable, True),
    (OutcomeUnknown("no answer"), ProviderUnreachable, True),
]


class TestNothingIsChanged:
    @pytest.mark.parametrize(("failure", "error", "retryable"), FAILURES, ids=[row[1].code for row in FAILURES])
    def test_when_the_provider_does_not_tell(
        self, world: World, desk: Desk, failure: ProviderFailure, error: type[DomainError], retryable: bool
    ) -> None:
        offer = world.offer()
        desk.failure = failure
        said = refusal(world, offer)
        assert (type(said), said.retryable) == (error, retryable)
        assert failure.detail not in f"{said.text}{said.facts}"

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            (lambda raw: raw.update(total_amount="-1.00"), "it cannot be read"),
            (lambda raw: raw.update(base_amount="1.999"), "it cannot be read"),
            (lambda raw: raw["passengers"][0].update(type="child"), "its passengers are others"),
            (
                lambda raw: raw["slices"][0]["segments"][0].update(marketing_carrier_flight_number="9999"),
                "its flights are others",
            ),
            (
                lambda raw: raw.update(base_currency="USD", tax_currency="USD", total_currency="USD"),
                "its price is in USD",
            ),
        ],
    )
    def test_by_an_answer_that_nothing_can_be_sold_by(
        self, world: World, desk: Desk, change: Any, problem: str
    ) -> None:
        offer = world.offer()
        desk.change = change
        said = refusal(world, offer)
        assert isinstance(said, ReadingRefused)
        assert said.facts == {"provider": "sandbox", "problem": problem}

    def test_by_a_reading_that_has_run_out_already(self, world: World, desk: Desk, clock: StoppedClock) -> None:
        offer = world.offer()
        desk.change = lambda raw: raw.update(expires_at=clock.now.isoformat())
        assert isinstance(refusal(world, offer), OfferStale)

    def test_by_a_seat_at_a_negative_price(self, world: World, desk: Desk) -> None:
        offer = world.offer()
        choose(world, offer, seats=[seat(offer, "12A")])
        desk.prices["12B"] = -1
        assert isinstance(refusal(world, offer), ReadingRefused)

    def test_for_an_offer_that_has_run_out(self, world: World, desk: Desk, clock: StoppedClock) -> None:
        offer = world.offer()
        clock.forward(minutes=30)
        assert isinstance(refusal(world, offer), OfferStale)
        assert desk.asked == []

    def test_for_an_offer_that_was_booked(self, world: World, desk: Desk) -> None:
        offer = world.mapped_offer()
        world.book(offer)
        assert isinstance(refusal(world, offer), OfferStale)
        assert desk.asked == []

    def test_for_another_traveler_s_offer(self, world: World, bo_at_aviare: Caller, desk: Desk) -> None:
        offer = world.offer()
        assert isinstance(refusal(World(bo_at_aviare), offer), NotFound)
        assert desk.asked == []

    def test_at_a_provider_that_cannot_be_asked(self, world: World, desk: Desk, limit: Callable[..., None]) -> None:
        offer = world.offer()
        limit(pricing_step=False)
        assert isinstance(refusal(world, offer), NotBookable)

    def test_when_the_offer_was_booked_while_the_provider_was_asked(self, world: World, desk: Desk) -> None:
        offer = world.mapped_offer()
        desk.before_answering = partial(world.book, offer)
        with pytest.raises(OfferStale):
            refreshed(world, offer)
        assert Booking.objects.get().total_minor == Offer.objects.get().total_minor

    def test_when_another_traveler_took_the_offer_meanwhile(
        self, world: World, aviare_alone: Caller, bo_at_aviare: Caller, desk: Desk
    ) -> None:
        offer, bo = World(aviare_alone).offer(), World(bo_at_aviare)
        person = bo.passenger()
        desk.before_answering = lambda: bo.map(offer, 0, person)
        with pytest.raises(OfferStale):
            refreshed(world, offer)
        assert (Offer.objects.get().user_id, Offer.objects.get().version) == (bo_at_aviare.user_id, 1)

    def test_when_another_refresh_was_faster(self, world: World, desk: Desk) -> None:
        offer = world.offer()

        def overtake() -> None:
            desk.before_answering = lambda: None
            refreshed(world, offer)

        desk.before_answering = overtake
        with pytest.raises(OfferStale):
            refreshed(world, offer)
        assert Offer.objects.get().version == 2


@pytest.mark.django_db(transaction=True)
def test_booked_and_refreshed_at_once_the_traveler_pays_what_they_were_shown_or_nothing(
    world: World, desk: Desk
) -> None:
    desk.change = dearer
    for _ in range(6):
        offer = world.mapped_offer()
        booked, read_again = together(partial(world.book, offer), partial(refreshed, world, offer))
        row = Offer.objects.get(pk=offer.offer_id)
        booking = Booking.objects.filter(offer=row).first()
        assert isinstance(read_again, RefreshView | OfferStale | Contended)
        if isinstance(booked, Answer):
            assert booking is not None
            assert booking.total.amount == offer.total.amount
            assert desk.orders[-1].total == booking.total
            assert row.version == 1, "a booked offer was read anew"
        else:
            assert isinstance(booked, DomainError)
            assert booking is None
            assert row.version == 2
