"""The seats of an offer's flights, in the vocabulary that every adapter speaks. See `types`."""

from dataclasses import dataclass

from bookings.providers.types import CabinClass
from movmo.kit.money import Money


@dataclass(frozen=True, slots=True)
class SeatPrice:
    """A seat as one passenger may buy it. Its service id is good for this reading only."""

    provider_service_id: str
    provider_passenger_id: str
    total: Money


@dataclass(frozen=True, slots=True)
class Seat:
    """`position` is window, aisle or middle. `prices` is empty where nobody of the offer may sit."""

    designator: str
    position: str
    features: tuple[str, ...] = ()
    prices: tuple[SeatPrice, ...] = ()


@dataclass(frozen=True, slots=True)
class CabinSeats:
    """One cabin of an aircraft, row by row. `columns` has an empty text for each aisle: ("A", "B", "", "C", "D")."""

    cabin_class: CabinClass
    columns: tuple[str, ...]
    rows: tuple[tuple[Seat, ...], ...]


@dataclass(frozen=True, slots=True)
class SegmentSeats:
    provider_segment_id: str
    cabins: tuple[CabinSeats, ...]


@dataclass(frozen=True, slots=True)
class SeatMap:
    """The seats of every segment of an offer, as they were at this moment."""

    segments: tuple[SegmentSeats, ...]
