"""The sandbox provider keeps the contract of providers."""

from datetime import UTC, date, datetime

import pytest

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.port import Provider
from bookings.providers.sandbox.adapter import SandboxProvider
from bookings.providers.types import PassengerType, SearchQuery, SliceQuery
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.providers.contract import ProviderContract


@pytest.mark.django_db
class TestSandbox(ProviderContract):
    @pytest.fixture
    def provider(self) -> Provider:
        return SandboxProvider(airline=SandboxAirline(), parse=parse_offer)

    @pytest.fixture
    def query(self) -> SearchQuery:
        party = (PassengerType.ADULT, PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT)
        there, back = SliceQuery("MUC", "JFK", date(2027, 5, 4)), SliceQuery("JFK", "MUC", date(2027, 5, 18))
        return SearchQuery(slices=(there, back), passengers=party)

    @pytest.fixture
    def now(self) -> datetime:
        return datetime(2027, 3, 1, 12, tzinfo=UTC)

    def test_it_names_itself_as_the_url_does(self, provider: Provider) -> None:
        assert provider.capabilities.provider == "sandbox"
