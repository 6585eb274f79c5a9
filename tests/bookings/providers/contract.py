"""What every provider must do. A provider's test class inherits ProviderContract and says what it can be asked for.

Whatever a provider's capabilities exclude is skipped, never weakened.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from bookings.providers import transport
from bookings.providers.errors import OfferUnrecognized, Refusal, Rejected
from bookings.providers.port import Provider
from bookings.providers.transport import CalledInTransaction
from bookings.providers.types import OrderStatus, ParsedOffer, ProviderOrder, SearchQuery, StatementKind
from movmo.kit.money import Money
from tests.bookings.providers.orders import free_seats, order, seat


class ProviderContract:
    """Subclasses give the fixtures `provider`, `query` (finds holdable offers) and `now`."""

    @pytest.fixture
    def offer(self, provider: Provider, query: SearchQuery, now: datetime) -> ParsedOffer:
        """The cheapest offer that may be paid at once or held."""
        found = provider.search(query, now=now)
        return next(one for one in found if not one.normalised.payment_requirements.requires_instant_payment)

    @pytest.fixture
    def open_transaction(self) -> Iterator[None]:
        before = transport._transaction_is_open
        transport.install(lambda: True)
        yield
        transport._transaction_is_open = before

    def test_search_answers_cheapest_first(self, provider: Provider, query: SearchQuery, now: datetime) -> None:
        totals = [offer.normalised.total_minor for offer in provider.search(query, now=now)]
        assert totals
        assert totals == sorted(totals)

    def test_an_offer_has_a_slot_for_everybody(self, offer: ParsedOffer, query: SearchQuery) -> None:
        assert sorted(slot.type for slot in offer.normalised.passengers) == sorted(query.passengers)

    def test_an_offer_read_again_is_the_same(self, provider: Provider, offer: ParsedOffer) -> None:
        assert provider.parse_offer(offer.raw) == offer

    def test_a_foreign_shape_is_unrecognized(self, provider: Provider) -> None:
        with pytest.raises(OfferUnrecognized):
            provider.parse_offer({"shape": "unknown"})

    def test_an_order_is_confirmed_and_ticketed(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        placed = provider.book(order(offer), now=now)
        assert placed.status is OrderStatus.CONFIRMED
        assert placed.total == offer.normalised.total
        assert placed.record_locators
        ticketed = {document.provider_passenger_id for document in placed.documents}
        assert ticketed == {slot.provider_passenger_id for slot in offer.normalised.passengers}

    def test_an_order_is_found_by_our_reference(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        wanted = order(offer)
        placed = provider.book(wanted, now=now)
        assert provider.find_order(wanted.client_reference, now=now) == placed

    def test_a_reference_without_an_order_finds_none(self, provider: Provider, now: datetime) -> None:
        assert provider.find_order("no-such-reference", now=now) is None

    def test_a_reference_is_taken_once(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        wanted = order(offer)
        placed = provider.book(wanted, now=now)
        with pytest.raises(Rejected) as caught:
            provider.book(wanted, now=now)
        assert caught.value.refusal is Refusal.DUPLICATE_REFERENCE
        assert provider.find_order(wanted.client_reference, now=now) == placed

    def test_a_hold_has_deadlines_and_no_tickets(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        if not provider.capabilities.holds:
            pytest.skip("the provider has no holds")
        held = provider.book(order(offer, hold=True), now=now)
        assert held.status is OrderStatus.HELD
        assert held.payment_required_by is not None
        assert held.payment_required_by > now
        assert held.documents == ()

    def test_other_passengers_than_offered_are_rejected(
        self, provider: Provider, offer: ParsedOffer, now: datetime
    ) -> None:
        wanted = order(offer)
        with pytest.raises(Rejected) as caught:
            provider.book(replace(wanted, passengers=wanted.passengers[1:]), now=now)
        assert caught.value.refusal is Refusal.PASSENGERS_INVALID

    @pytest.mark.usefixtures("open_transaction")
    def test_search_refuses_an_open_transaction(self, provider: Provider, query: SearchQuery, now: datetime) -> None:
        with pytest.raises(CalledInTransaction):
            provider.search(query, now=now)

    @pytest.fixture
    def held(self, provider: Provider, offer: ParsedOffer, now: datetime) -> ProviderOrder:
        if not provider.capabilities.holds:
            pytest.skip("the provider has no holds")
        return provider.book(order(offer, hold=True), now=now)

    def test_an_order_is_read_by_its_id(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        placed = provider.book(order(offer), now=now)
        assert provider.get_order(placed.order_id, now=now) == placed

    @pytest.mark.parametrize("order_id", ["ord_none", ""])
    def test_an_order_that_does_not_exist_is_none(self, provider: Provider, now: datetime, order_id: str) -> None:
        assert provider.get_order(order_id, now=now) is None

    def test_a_hold_that_is_paid_for_is_ticketed(self, provider: Provider, held: ProviderOrder, now: datetime) -> None:
        paid = provider.confirm_hold(held.order_id, total=held.total, now=now)
        assert (paid.order_id, paid.status, paid.total) == (held.order_id, OrderStatus.CONFIRMED, held.total)
        assert paid.documents
        assert paid.payment_required_by is None
        assert provider.confirm_hold(held.order_id, total=held.total, now=now) == paid
        assert provider.get_order(held.order_id, now=now) == paid

    def test_a_hold_that_nobody_paid_for_lapses(self, provider: Provider, held: ProviderOrder) -> None:
        assert held.payment_required_by is not None
        late = held.payment_required_by
        with pytest.raises(Rejected) as caught:
            provider.confirm_hold(held.order_id, total=held.total, now=late)
        assert caught.value.refusal is Refusal.HOLD_LAPSED
        lapsed = provider.get_order(held.order_id, now=late)
        assert lapsed is not None
        assert lapsed.status is OrderStatus.LAPSED

    def test_a_hold_is_not_sold_for_another_total(self, provider: Provider, held: ProviderOrder, now: datetime) -> None:
        cheaper = Money(held.total.minor - 1, held.total.currency)
        with pytest.raises(Rejected) as caught:
            provider.confirm_hold(held.order_id, total=cheaper, now=now)
        assert (caught.value.refusal, caught.value.new_total) == (Refusal.PRICE_CHANGED, held.total)

    def test_a_new_price_is_of_the_same_flights_and_slots(
        self, provider: Provider, offer: ParsedOffer, now: datetime
    ) -> None:
        if not provider.capabilities.pricing_step:
            pytest.skip("the provider has no pricing step")
        before, after = offer.normalised, provider.reprice(offer, order(offer).passengers, now=now).normalised
        assert after.passengers == before.passengers
        assert [(one.departing, one.arriving) for one in after.segments] == [
            (one.departing, one.arriving) for one in before.segments
        ]
        assert after.expires_at is not None
        assert after.expires_at > now

    def test_an_offer_with_a_new_price_is_booked(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        if not provider.capabilities.pricing_step:
            pytest.skip("the provider has no pricing step")
        fresh = provider.reprice(offer, order(offer).passengers, now=now)
        assert provider.book(order(fresh), now=now).total == fresh.normalised.total

    def test_every_segment_has_seats_and_each_price_its_passenger(
        self, provider: Provider, offer: ParsedOffer, now: datetime
    ) -> None:
        if not provider.capabilities.seat_map:
            pytest.skip("the provider has no seat maps")
        seat_map = provider.seat_map(offer, now=now)
        segments = [part.provider_segment_id for part in seat_map.segments]
        assert segments == [segment.provider_segment_id for segment in offer.normalised.segments]
        known = {slot.provider_passenger_id for slot in offer.normalised.passengers}
        for number in range(len(segments)):
            prices = [price for _, price in free_seats(seat_map, segment=number)]
            assert prices
            assert {price.provider_passenger_id for price in prices} <= known
            assert {price.total.currency for price in prices} == {offer.normalised.currency}

    def test_a_chosen_seat_goes_with_the_order(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        if not provider.capabilities.seat_map:
            pytest.skip("the provider has no seat maps")
        chosen = seat(provider.seat_map(offer, now=now))
        placed = provider.book(order(offer, services=(chosen,)), now=now)
        assert placed.total == offer.normalised.total + chosen.total

    def test_a_cancellation_follows_its_quote(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        placed = self.cancellable(provider, offer, now)
        terms = provider.quote_cancellation(placed.order_id, now=now)
        assert terms.refund + terms.penalty == placed.total
        assert terms.expires_at > now
        cancelled = provider.confirm_cancellation(placed.order_id, terms.reference, now=now)
        assert (cancelled.status, cancelled.refund) == (OrderStatus.CANCELLED, terms.refund)
        assert provider.get_order(placed.order_id, now=now) == cancelled
        assert provider.confirm_cancellation(placed.order_id, terms.reference, now=now) == cancelled
        with pytest.raises(Rejected) as caught:
            provider.quote_cancellation(placed.order_id, now=now)
        assert caught.value.refusal is Refusal.ORDER_OVER

    def test_a_hold_is_given_up_for_nothing(self, provider: Provider, held: ProviderOrder, now: datetime) -> None:
        if not provider.capabilities.cancellation:
            pytest.skip("the provider cancels nothing")
        terms = provider.quote_cancellation(held.order_id, now=now)
        assert (terms.refund.minor, terms.penalty.minor) == (0, 0)
        provider.confirm_cancellation(held.order_id, terms.reference, now=now)
        with pytest.raises(Rejected) as caught:
            provider.confirm_hold(held.order_id, total=held.total, now=now)
        assert caught.value.refusal is Refusal.ORDER_OVER

    def test_nothing_is_cancelled_on_terms_that_were_not_quoted(
        self, provider: Provider, offer: ParsedOffer, now: datetime
    ) -> None:
        placed = self.cancellable(provider, offer, now)
        terms = provider.quote_cancellation(placed.order_id, now=now)
        for reference, at in (("no-such-quote", now), (terms.reference, terms.expires_at)):
            with pytest.raises(Rejected) as caught:
                provider.confirm_cancellation(placed.order_id, reference, now=at)
            assert caught.value.refusal is Refusal.QUOTE_EXPIRED
        assert provider.get_order(placed.order_id, now=now) == placed

    def cancellable(self, provider: Provider, offer: ParsedOffer, now: datetime) -> ProviderOrder:
        if not provider.capabilities.cancellation:
            pytest.skip("the provider cancels nothing")
        return provider.book(order(offer), now=now)

    def test_a_change_that_nobody_announced_cannot_be_accepted(
        self, provider: Provider, offer: ParsedOffer, now: datetime
    ) -> None:
        if not provider.capabilities.schedule_changes:
            pytest.skip("the provider tells of no changes")
        placed = provider.book(order(offer), now=now)
        assert placed.schedule_change is None
        with pytest.raises(Rejected) as caught:
            provider.accept_schedule_change(placed.order_id, "no-such-change", now=now)
        assert caught.value.refusal is Refusal.CHANGE_WITHDRAWN

    def test_the_day_s_orders_have_what_was_placed(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        self.tells(provider)
        placed = provider.book(order(offer), now=now)
        assert placed in provider.list_orders(now.date(), now=now)

    def tells(self, provider: Provider) -> None:
        if not provider.capabilities.statements:
            pytest.skip("the provider sends no statements")

    def test_a_statement_has_the_day_s_sales(self, provider: Provider, offer: ParsedOffer, now: datetime) -> None:
        self.tells(provider)
        placed = provider.book(order(offer), now=now)
        lines = [line for line in provider.statement(now.date()) if line.order_id == placed.order_id]
        assert {line.kind for line in lines} == {StatementKind.SALE}
        assert sum(line.amount.minor for line in lines) == placed.total.minor
        assert {line.document_number for line in lines} == {document.number for document in placed.documents}
        assert len({line.line_id for line in lines}) == len(lines)

    CALLS: dict[str, Callable[[Provider, ParsedOffer, datetime], object]] = {
        "book": lambda provider, offer, now: provider.book(order(offer), now=now),
        "find_order": lambda provider, offer, now: provider.find_order("any", now=now),
        "get_order": lambda provider, offer, now: provider.get_order("any", now=now),
        "reprice": lambda provider, offer, now: provider.reprice(offer, (), now=now),
        "seat_map": lambda provider, offer, now: provider.seat_map(offer, now=now),
        "confirm_hold": lambda provider, offer, now: provider.confirm_hold("any", total=Money(1, "EUR"), now=now),
        "quote_cancellation": lambda provider, offer, now: provider.quote_cancellation("any", now=now),
        "confirm_cancellation": lambda provider, offer, now: provider.confirm_cancellation("any", "any", now=now),
        "accept_schedule_change": lambda provider, offer, now: provider.accept_schedule_change("any", "any", now=now),
        "list_orders": lambda provider, offer, now: provider.list_orders(now.date(), now=now),
        "statement": lambda provider, offer, now: provider.statement(now.date()),
    }

    PURE = {"capabilities", "parse_offer", "card_request", "read_card_answer", "void_request"}

    def test_every_call_of_the_port_is_tried_inside_a_transaction(self) -> None:
        port = {name for name in vars(Provider) if not name.startswith("_")}
        assert port - self.PURE == {"search", *self.CALLS}

    @pytest.mark.parametrize("call", CALLS)
    def test_a_call_refuses_an_open_transaction(
        self, provider: Provider, offer: ParsedOffer, now: datetime, request: pytest.FixtureRequest, call: str
    ) -> None:
        request.getfixturevalue("open_transaction")
        with pytest.raises(CalledInTransaction):
            self.CALLS[call](provider, offer, now)
