"""What becomes of offers that ran out: those that somebody had taken up are told once, the rest of searches deleted."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from bookings.booking.models import Booking
from bookings.offer import expiring
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.schemas import OfferStatus, OfferView, SearchResults
from bookings.offer.services import OfferStale, consume
from bookings.offer.tasks import expire_offers, purge_offers
from movmo.kit.ids import new_id
from movmo.operations.context import Caller
from movmo.operations.models import Event, Outbox
from tests import query_plans
from tests.bookings.offer.desk import Desk
from tests.conftest import StoppedClock
from tests.contract.arguments import arguments_for
from tests.contract.world import World, view_of
from tests.operations.together import together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def found(world: World) -> list[OfferView]:
    """Three offers of a search."""
    results = view_of(SearchResults, world.call("search_flights", **arguments_for("search_flights", world)))
    return [
        view_of(OfferView, world.call("get_offer_details", provider="sandbox", offer_id=str(one.offer_id)))
        for one in results.data
    ]


def told() -> set[UUID]:
    return set(Event.objects.filter(type="offer.expired.v1").values_list("subject_id", flat=True))


class TestTold:
    def test_a_submitted_offer_that_ran_out_is_told_once(self, world: World, clock: StoppedClock) -> None:
        offer = world.offer()
        expire_offers()
        assert told() == set()
        clock.forward(minutes=30)
        expire_offers()
        expire_offers()
        event = Event.objects.get(type="offer.expired.v1")
        assert (event.subject_id, event.sequence) == (offer.offer_id, 1)
        assert (event.user_id, event.partner_id, event.is_live) == (
            world.caller.user_id,
            world.caller.partner_id,
            False,
        )
        assert (event.payload["offer_id"], event.payload["provider"]) == (str(offer.offer_id), "sandbox")
        assert Outbox.objects.filter(dedup=f"event:{event.pk}").exists()

    def test_one_that_no_traveler_has_claimed_is_told_to_its_partner(
        self, aviare_alone: Caller, clock: StoppedClock
    ) -> None:
        World(aviare_alone).offer()
        clock.forward(minutes=30)
        expire_offers()
        event = Event.objects.get(type="offer.expired.v1")
        assert (event.user_id, event.partner_id) == (None, aviare_alone.partner_id)

    def test_of_a_search_those_are_told_that_somebody_took_up(self, world: World, clock: StoppedClock) -> None:
        mapped, chosen, _ = found(world)
        world.map(mapped, 0, world.passenger())
        bag = {"service_id": chosen.services[0].service_id}
        world.call("select_services", provider="sandbox", offer_id=str(chosen.offer_id), seats=[], services=[bag])
        clock.forward(minutes=30)
        expire_offers()
        assert told() == {mapped.offer_id, chosen.offer_id}

    def test_a_mapping_that_was_refused_takes_nothing_up(self, world: World, clock: StoppedClock) -> None:
        offer = found(world)[0]
        with pytest.raises(Exception, match="travels as"):
            world.map(offer, 0, world.passenger("CHD"))
        clock.forward(minutes=30)
        expire_offers()
        assert told() == set()

    def test_a_booked_offer_is_not_told(self, world: World, clock: StoppedClock) -> None:
        world.booking()
        clock.forward(minutes=30)
        expire_offers()
        assert told() == set()

    def test_one_that_came_back_from_a_failed_booking_is(self, world: World, clock: StoppedClock) -> None:
        offer = world.mapped_offer(family_name="ERROR502CLEAN")
        with pytest.raises(Exception, match="could not be reached"):
            world.book(offer)
        clock.forward(minutes=30)
        expire_offers()
        assert told() == {offer.offer_id}

    def test_a_refreshed_offer_is_told_at_its_new_end(self, world: World, desk: Desk, clock: StoppedClock) -> None:
        offer = world.offer()
        clock.forward(minutes=20)
        world.call("refresh_offer", provider="sandbox", offer_id=str(offer.offer_id))
        clock.forward(minutes=20)
        expire_offers()
        assert told() == set()
        clock.forward(minutes=20)
        expire_offers()
        assert told() == {offer.offer_id}

    def test_what_was_told_as_expired_is_neither_booked_nor_read_anew(
        self, world: World, desk: Desk, clock: StoppedClock
    ) -> None:
        """A call that came in just before the end, and is slower than the worker."""
        offer = world.mapped_offer()
        row = Offer.objects.get(pk=offer.offer_id)
        assert row.user_id is not None
        desk.before_answering = lambda: expiring.tell_expired(now=clock.now + timedelta(minutes=30))
        with pytest.raises(OfferStale):
            world.call("refresh_offer", provider="sandbox", offer_id=str(offer.offer_id))
        with pytest.raises(OfferStale):
            consume(row, user_id=row.user_id)
        assert told() == {offer.offer_id}

    def test_many_are_told_in_batches(self, world: World, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expiring, "BATCH", 2)
        offers = {world.offer().offer_id for _ in range(5)}
        clock.forward(minutes=30)
        assert expiring.tell_expired(now=clock.now) == 5
        assert told() == offers


class TestPurged:
    def test_what_nobody_took_up_goes_a_day_after_its_end(self, world: World, clock: StoppedClock) -> None:
        found(world)
        clock.forward(minutes=30 + 24 * 60 - 1)
        purge_offers()
        assert Offer.objects.exists()
        clock.forward(minutes=1)
        purge_offers()
        assert not Offer.objects.exists()
        assert not OfferSlot.objects.exists()

    def test_what_somebody_took_up_stays(self, world: World, clock: StoppedClock) -> None:
        taken = found(world)[0]
        world.map(taken, 0, world.passenger())
        submitted = world.offer()
        clock.forward(days=9)
        purge_offers()
        assert set(Offer.objects.values_list("pk", flat=True)) == {taken.offer_id, submitted.offer_id}
        assert OfferSlot.objects.count() == 2

    def test_what_was_booked_stays(self, world: World, clock: StoppedClock) -> None:
        offer = found(world)[0]
        world.map(offer, 0, world.passenger())
        world.book(offer)
        # Even if the offer's own columns told otherwise.
        Offer.objects.filter(pk=offer.offer_id).update(is_taken=False, status=OfferStatus.ACTIVE)
        clock.forward(days=9)
        purge_offers()
        assert Booking.objects.get().offer_id == offer.offer_id
        assert list(Offer.objects.values_list("pk", flat=True)) == [offer.offer_id]

    def test_many_go_in_batches(self, world: World, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expiring, "BATCH", 2)
        many = Offer.objects.count() + len(copies(world, 5))
        clock.forward(days=2)
        assert expiring.purge(now=clock.now) == many
        assert not Offer.objects.exists()


def copies(world: World, many: int) -> list[Offer]:
    """Offers of one search, each in a row of its own."""
    offer = found(world)[0]
    row = Offer.objects.get(pk=offer.offer_id)
    Offer.objects.exclude(pk=row.pk).delete()
    rows = []
    for position in range(1, many):
        row.pk, row.search_position, row.raw = new_id(), 1_000 + position, b"{}"
        row._state.adding = True
        row.save()
        rows.append(row)
    return [row, *rows]


@pytest.mark.django_db(transaction=True)
def test_a_second_worker_tells_nothing_twice(world: World, clock: StoppedClock) -> None:
    offers = {world.offer().offer_id for _ in range(12)}
    late = clock.now + timedelta(minutes=30)
    together(*[partial(expiring.tell_expired, now=late) for _ in range(3)])
    expiring.tell_expired(now=late)
    assert told() == offers
    assert Event.objects.filter(type="offer.expired.v1").count() == len(offers)


@pytest.mark.parametrize("work", ["tell_expired", "purge"])
def test_what_has_run_out_is_found_by_an_index(world: World, work: str, clock: StoppedClock) -> None:
    copies(world, 3)
    statements: list[str] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(connection.ops.last_executed_query(context["cursor"], sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        getattr(expiring, work)(now=clock.now)
    index = {"tell_expired": "offer_expiry_to_tell", "purge": "offer_nobody_took"}[work]
    assert query_plans.uses(next(one for one in statements if "expires_at" in one), index)
