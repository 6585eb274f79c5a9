"""What every provider must do. A provider's test class inherits ProviderContract and says what it can be asked for.

Whatever a provider's capabilities exclude is skipped, never weakened.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from bookings.providers import transport
from bookings.providers.errors import OfferUnrecognized, Refusal, Rejected
from bookings.providers.port import Provider
from bookings.providers.transport import CalledInTransaction
from bookings.providers.types import OrderStatus, ParsedOffer, SearchQuery
from tests.bookings.providers.orders import order


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

    def test_book_and_look_up_refuse_an_open_transaction(
        self, provider: Provider, offer: ParsedOffer, now: datetime, request: pytest.FixtureRequest
    ) -> None:
        request.getfixturevalue("open_transaction")
        with pytest.raises(CalledInTransaction):
            provider.book(order(offer), now=now)
        with pytest.raises(CalledInTransaction):
            provider.find_order("any", now=now)
