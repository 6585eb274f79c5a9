"""What time does to an order: whoever asks first finds it done, and it is done once."""

import pytest

from bookings.providers.errors import OutcomeUnknown, Refusal, Unavailable
from bookings.providers.types import OrderStatus, ParsedOffer
from bookings.sandbox_airline.models import SandboxOrder, SandboxThrottle
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.providers.orders import order
from tests.bookings.sandbox_airline.stage import (
    NOW,
    later,
    offer_of,
    offers_of,
    one_way,
    place,
    read,
    refusal,
    return_trip,
    seats_left,
)

pytestmark = pytest.mark.django_db


class TestAHold:
    def test_lapses_at_its_deadline_and_not_before(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        held = place(airline, offer, hold=True)
        assert read(airline, held, hours=23, minutes=59).status is OrderStatus.HELD
        assert read(airline, held, hours=24).status is OrderStatus.LAPSED

    def test_gives_its_seats_back_once(self, offer: ParsedOffer) -> None:
        airline = SandboxAirline(seats_per_flight=5)
        held = place(airline, offer, hold=True)
        assert seats_left() == [4]
        for _ in range(3):
            assert read(airline, held, hours=25).status is OrderStatus.LAPSED
        assert seats_left() == [5]

    def test_that_nobody_asks_about_makes_room_all_the_same(self) -> None:
        airline = SandboxAirline(seats_per_flight=1)
        first = offer_of(airline, "Standard")
        place(airline, first, hold=True)
        flight = first.normalised.slices[0].segments[0].marketing_flight_number
        economy = one_way("AMS", "LIS")

        def on_sale(**by: float) -> bool:
            found = offers_of(airline, economy, now=later(**by))
            return any(
                one.normalised.segments[0].marketing_flight_number == flight
                and one.normalised.slices[0].fare_brand == "Standard"
                for one in found
            )

        assert not on_sale(hours=1)
        assert on_sale(hours=24)


class TestAnOrderThatIsPonderedOn:
    def test_is_pending_then_confirmed_with_tickets(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        pending = place(airline, offer, "DELAYED")
        assert (pending.status, pending.documents) == (OrderStatus.PENDING, ())
        assert read(airline, pending, seconds=59) == pending
        confirmed = read(airline, pending, seconds=60)
        assert (confirmed.status, len(confirmed.documents)) == (OrderStatus.CONFIRMED, 1)
        assert airline.find_order(pending.client_reference, now=later(seconds=60)) == confirmed

    def test_may_fail_and_gives_its_seats_back_once(self, offer: ParsedOffer) -> None:
        airline = SandboxAirline(seats_per_flight=5)
        pending = place(airline, offer, "DELAYFAIL")
        assert (pending.status, seats_left()) == (OrderStatus.PENDING, [4])
        for _ in range(2):
            failed = read(airline, pending, seconds=60)
            assert (failed.status, failed.documents) == (OrderStatus.FAILED, ())
        assert seats_left() == [5]

    def test_cannot_be_cancelled_nor_paid_for_meanwhile(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        id_ = place(airline, offer, "DELAYED").order_id
        assert refusal(lambda: airline.quote_cancellation(id_, now=NOW)) is Refusal.NOT_CANCELLABLE
        total = offer.normalised.total
        assert refusal(lambda: airline.confirm_hold(id_, total=total, now=NOW)) is Refusal.OTHER


class TestTickets:
    def test_may_come_half_an_hour_late(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        placed = place(airline, offer, "NOTICKET")
        assert (placed.status, placed.documents) == (OrderStatus.CONFIRMED, ())
        assert read(airline, placed, minutes=29).documents == ()
        assert len(read(airline, placed, minutes=30).documents) == 1

    def test_never_come_to_an_order_that_was_cancelled_before(
        self, airline: SandboxAirline, offer: ParsedOffer
    ) -> None:
        placed = place(airline, offer, "NOTICKET")
        terms = airline.quote_cancellation(placed.order_id, now=NOW)
        airline.confirm_cancellation(placed.order_id, terms.reference, now=later(minutes=5))
        assert read(airline, placed, hours=1).documents == ()

    def test_have_a_coupon_for_each_flight_which_is_flown_in_the_end(self, airline: SandboxAirline) -> None:
        placed = place(airline, offer_of(airline, "Light", query=one_way("LHR", "DXB")))
        assert placed.documents[0].coupons == ("open", "open")
        assert read(airline, placed, days=90).documents[0].coupons == ("flown", "flown")


class TestTheAirlineCancels:
    def test_after_two_minutes_and_gives_everything_back(self, offer: ParsedOffer) -> None:
        airline = SandboxAirline(seats_per_flight=5)
        placed = place(airline, offer, "CANCELAIR")
        assert read(airline, placed, seconds=119).status is OrderStatus.CONFIRMED
        for _ in range(2):
            cancelled = read(airline, placed, minutes=2)
            assert (cancelled.status, cancelled.refund) == (OrderStatus.CANCELLED, placed.total)
            assert cancelled.documents[0].coupons == ("refunded",)
        assert seats_left() == [5]

    def test_a_hold_only_once_it_was_paid_for(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        held = place(airline, offer, "CANCELAIR", hold=True)
        assert read(airline, held, hours=1).status is OrderStatus.HELD
        airline.confirm_hold(held.order_id, total=held.total, now=later(hours=1))
        assert read(airline, held, hours=1, minutes=1).status is OrderStatus.CONFIRMED
        assert read(airline, held, hours=1, minutes=2).status is OrderStatus.CANCELLED


class TestACallThatComesTooOften:
    def test_is_refused_twice_and_then_taken(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        wanted = order(offer, family_name="RATELIMIT")
        for _ in range(2):
            with pytest.raises(Unavailable, match="429"):
                airline.place_order(wanted, now=NOW)
            assert airline.find_order(wanted.client_reference, now=NOW) is None
        assert airline.place_order(wanted, now=NOW).status is OrderStatus.CONFIRMED

    def test_may_come_again_under_another_reference(self, airline: SandboxAirline, offer: ParsedOffer) -> None:
        for reference in ("one", "two"):
            with pytest.raises(Unavailable):
                airline.place_order(order(offer, family_name="RATELIMIT", reference=reference), now=NOW)
        assert airline.place_order(order(offer, family_name="RATELIMIT", reference="three"), now=NOW)

    def test_is_counted_for_each_offer(self, airline: SandboxAirline) -> None:
        for brand in ("Light", "Flex"):
            with pytest.raises(Unavailable):
                place(airline, offer_of(airline, brand), "RATELIMIT")
        assert list(SandboxThrottle.objects.values_list("refused", flat=True)) == [1, 1]


class TestRecordLocators:
    def test_are_one_for_each_slice_of_a_journey_on_two_bookings(self, airline: SandboxAirline) -> None:
        there_and_back = offer_of(airline, "Standard", query=return_trip())
        placed = place(airline, there_and_back, "TWOPNRS")
        assert len(set(placed.record_locators)) == 2
        assert read(airline, placed, days=1).record_locators == placed.record_locators

    @pytest.mark.parametrize("family_name", ["Andersson", "TWOPNRS"])
    def test_are_one_for_a_journey_one_way(self, airline: SandboxAirline, offer: ParsedOffer, family_name: str) -> None:
        assert len(place(airline, offer, family_name).record_locators) == 1


def test_an_order_whose_answer_was_lost_lives_on(airline: SandboxAirline, offer: ParsedOffer) -> None:
    wanted = order(offer, family_name="TIMEOUTBOOKED")
    with pytest.raises(OutcomeUnknown):
        airline.place_order(wanted, now=NOW)
    found = airline.find_order(wanted.client_reference, now=NOW)
    assert found is not None
    assert found.order_id == SandboxOrder.objects.get().order_id
