"""The airline moves its flights: it announces, may take that back, and hears that somebody agrees."""

from datetime import timedelta
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bookings.providers.errors import Refusal
from bookings.providers.types import AnnouncedChange, OrderStatus, ParsedOffer, ProviderOrder, SearchQuery, SliceQuery
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.sandbox_airline.stage import (
    ADULT,
    DAY,
    NOW,
    later,
    offer_of,
    offers_of,
    one_way,
    place,
    read,
    refusal,
    return_trip,
)

pytestmark = pytest.mark.django_db

HOURS = {"SCHEDULE": 3.0, "SCHEDULEBACK": 3.0, "SCHEDULEMINOR": 1 / 6}


def change_of(airline: SandboxAirline, placed: ProviderOrder, **by: float) -> AnnouncedChange:
    change = read(airline, placed, **by).schedule_change
    assert change is not None
    return change


@pytest.mark.parametrize("family_name", HOURS)
def test_a_change_is_announced_two_minutes_after_the_confirmation(
    airline: SandboxAirline, offer: ParsedOffer, family_name: str
) -> None:
    placed = place(airline, offer, family_name)
    assert read(airline, placed, seconds=119).schedule_change is None
    change = change_of(airline, placed, minutes=2)
    assert change.announced_at == later(minutes=2)
    before, after = offer.normalised.segments[0], change.slices[0].segments[0]
    delay = timedelta(hours=HOURS[family_name])
    assert after.departing.utc - before.departing.utc == after.arriving.utc - before.arriving.utc == delay
    assert (after.marketing_flight_number, after.duration_minutes) == (
        before.marketing_flight_number,
        before.duration_minutes,
    )


def test_nobody_else_hears_of_a_change(airline: SandboxAirline, offer: ParsedOffer) -> None:
    assert read(airline, place(airline, offer), days=1).schedule_change is None


def test_a_hold_has_no_change_before_it_is_paid_for(airline: SandboxAirline, offer: ParsedOffer) -> None:
    held = place(airline, offer, "SCHEDULE", hold=True)
    assert read(airline, held, hours=1).schedule_change is None
    airline.confirm_hold(held.order_id, total=held.total, now=later(hours=1))
    assert change_of(airline, held, hours=1, minutes=2).announced_at == later(hours=1, minutes=2)


@pytest.mark.parametrize("query", [one_way("LHR", "DXB"), return_trip(), one_way("JFK", "SYD")])
def test_the_new_itinerary_can_be_flown(airline: SandboxAirline, query: SearchQuery) -> None:
    offer = offers_of(airline, query)[0]
    change = change_of(airline, place(airline, offer, "SCHEDULE"), minutes=2)
    segments = [segment for part in change.slices for segment in part.segments]
    assert all(before.arriving.utc < after.departing.utc for before, after in pairwise(segments))
    for moment in (moment for segment in segments for moment in (segment.departing, segment.arriving)):
        assert moment.local == moment.utc.astimezone(ZoneInfo(moment.zone)).replace(tzinfo=None)


def test_only_the_first_slice_moves_where_that_is_enough(airline: SandboxAirline) -> None:
    offer = offer_of(airline, "Light", query=return_trip())
    change = change_of(airline, place(airline, offer, "SCHEDULE"), minutes=2)
    assert change.slices[1] == offer.normalised.slices[1]


def test_a_slice_that_could_not_be_reached_moves_too(airline: SandboxAirline) -> None:
    there_and_straight_back = SearchQuery((SliceQuery("AMS", "LIS", DAY), SliceQuery("LIS", "AMS", DAY)), (ADULT,))
    found = offers_of(airline, there_and_straight_back)
    offer = min(
        found, key=lambda one: one.normalised.segments[1].departing.utc - one.normalised.segments[0].arriving.utc
    )
    there, back = offer.normalised.segments
    assert back.departing.utc - there.arriving.utc < timedelta(hours=4)
    change = change_of(airline, place(airline, offer, "SCHEDULE"), minutes=2)
    assert change.slices[1].segments[0].departing.utc == back.departing.utc + timedelta(hours=3)


class TestAccepting:
    def test_ends_the_announcement_and_may_be_repeated(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        placed = place(airline, offer, "SCHEDULE")
        change = change_of(airline, placed, minutes=2)
        accept = partial(airline.accept_schedule_change, placed.order_id, change.reference)
        accepted = accept(now=later(minutes=3))
        assert (accepted.status, accepted.schedule_change) == (OrderStatus.CONFIRMED, None)
        assert accept(now=later(minutes=4)) == accepted

    def test_moves_the_departure_and_with_it_the_end_of_cancelling(
        self, airline: SandboxAirline, offer: ParsedOffer
    ) -> None:
        placed = place(airline, offer, "SCHEDULE")
        change = change_of(airline, placed, minutes=2)
        airline.accept_schedule_change(placed.order_id, change.reference, now=later(minutes=3))
        old = offer.normalised.segments[0].departing.utc
        assert airline.quote_cancellation(placed.order_id, now=old + timedelta(hours=2)).penalty
        gone = old + timedelta(hours=3)
        assert refusal(lambda: airline.quote_cancellation(placed.order_id, now=gone)) is Refusal.NOT_CANCELLABLE

    def test_needs_an_announcement_of_this_order(self, airline: SandboxAirline) -> None:
        offers = offers_of(airline, one_way("AMS", "LIS"))
        mine, theirs = (place(airline, offer, "SCHEDULE") for offer in offers[:2])
        reference = change_of(airline, theirs, minutes=2).reference
        accept = partial(airline.accept_schedule_change, mine.order_id, now=later(minutes=2))
        for strange in (reference, "", "sch_none"):
            assert refusal(partial(accept, strange)) is Refusal.CHANGE_WITHDRAWN
        own = change_of(airline, mine, minutes=2).reference
        early = partial(airline.accept_schedule_change, mine.order_id, own, now=NOW)
        assert refusal(early) is Refusal.CHANGE_WITHDRAWN

    def test_comes_too_late_for_a_cancelled_order(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        placed = place(airline, offer, "SCHEDULE")
        change = change_of(airline, placed, minutes=2)
        terms = airline.quote_cancellation(placed.order_id, now=later(minutes=2))
        cancelled = airline.confirm_cancellation(placed.order_id, terms.reference, now=later(minutes=2))
        assert cancelled.schedule_change is None
        accept = partial(airline.accept_schedule_change, placed.order_id, change.reference, now=later(minutes=3))
        assert refusal(accept) is Refusal.ORDER_OVER


class TestAChangeThatIsTakenBack:
    def test_is_gone_ten_minutes_after_the_confirmation(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        placed = place(airline, offer, "SCHEDULEBACK")
        change = change_of(airline, placed, minutes=9, seconds=59)
        assert read(airline, placed, minutes=10).schedule_change is None
        accept = partial(airline.accept_schedule_change, placed.order_id, change.reference)
        assert refusal(lambda: accept(now=later(minutes=10))) is Refusal.CHANGE_WITHDRAWN

    def test_stays_where_somebody_agreed_before(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        placed = place(airline, offer, "SCHEDULEBACK")
        change = change_of(airline, placed, minutes=5)
        accept = partial(airline.accept_schedule_change, placed.order_id, change.reference)
        accepted = accept(now=later(minutes=5))
        assert accept(now=later(minutes=15)) == accepted
