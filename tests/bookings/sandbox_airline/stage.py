"""A fixed instant and the queries of these tests."""

from datetime import UTC, date, datetime

from bookings.providers.types import CabinClass, PassengerType, SearchQuery, SliceQuery

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = date(2027, 5, 4)
ADULT, CHILD, INFANT = PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT


def one_way(
    origin: str,
    destination: str,
    *party: PassengerType,
    on: date = DAY,
    cabin_class: CabinClass | None = None,
) -> SearchQuery:
    """One adult unless a party is given."""
    return SearchQuery((SliceQuery(origin, destination, on),), party or (ADULT,), cabin_class)
