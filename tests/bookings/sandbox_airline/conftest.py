import pytest

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.types import ParsedOffer
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.sandbox_airline.stage import NOW, one_way


@pytest.fixture
def airline() -> SandboxAirline:
    return SandboxAirline()


@pytest.fixture
def offer(airline: SandboxAirline) -> ParsedOffer:
    """The cheapest offer from Amsterdam to Lisbon that may be paid at once or held."""
    found = [parse_offer(raw) for raw in airline.search(one_way("AMS", "LIS"), now=NOW)]
    return next(one for one in found if not one.normalised.payment_requirements.requires_instant_payment)
