"""An airline's desk that sells what it is told to: for answers that the sandbox airline never gives."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from bookings.providers.errors import ProviderFailure
from bookings.providers.port import Provider
from bookings.providers.seating import CabinSeats, Seat, SeatMap, SeatPrice, SegmentSeats
from bookings.providers.types import (
    CabinClass,
    Capabilities,
    OrderPassenger,
    OrderRequest,
    ParsedOffer,
    PassengerType,
    ProviderOrder,
)
from movmo.kit.money import Money
from tests.idle_airline import IdleAirline
from tests.saga.airline import ScriptedAirline

Change = Callable[[dict[str, Any]], object]
PRICES = {"1A": 9_900, "12A": 1_500, "12B": 900, "12C": 1_200}
"""Minor units. Row 1 is business, row 12 economy; 14A is taken."""


@dataclass
class Desk(IdleAirline):
    """`change` is done to the offer that is read next; ids are new at every reading, as everywhere.

    Seats cost `prices` in `currency`, which is the offer's unless said otherwise.
    """

    change: Change = lambda raw: None
    failure: ProviderFailure | None = None
    prices: dict[str, int] = field(default_factory=lambda: dict(PRICES))
    currency: str | None = None
    before_answering: Callable[[], object] = lambda: None
    orders: list[OrderRequest] = field(default_factory=list)
    asked: list[tuple[OrderPassenger, ...]] = field(default_factory=list)
    seat_maps_asked: int = 0
    serials: Iterator[int] = field(default_factory=count)

    def reprice(self, offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: datetime) -> dict[str, Any]:
        self.asked.append(passengers)
        self._come_to_it()
        raw = renamed(offer.raw, next(self.serials))
        raw["expires_at"] = (now + timedelta(minutes=30)).isoformat()
        self.change(raw)
        return raw

    def seat_map(self, offer: ParsedOffer, *, now: datetime) -> SeatMap:
        self.seat_maps_asked += 1
        self._come_to_it()
        serial = next(self.serials)
        return SeatMap(
            tuple(
                SegmentSeats(segment.provider_segment_id, self._cabins(offer, f"{serial}_{n}"))
                for n, segment in enumerate(offer.normalised.segments)
            )
        )

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        self.orders.append(order)
        return ScriptedAirline().take(order)

    def _come_to_it(self) -> None:
        self.before_answering()
        if self.failure is not None:
            raise self.failure

    def _cabins(self, offer: ParsedOffer, serial: str) -> tuple[CabinSeats, ...]:
        currency = self.currency or offer.normalised.currency
        seated = [one for one in offer.normalised.passengers if one.type is not PassengerType.INFANT]

        def seat(designator: str, position: str) -> Seat:
            if designator not in self.prices:
                return Seat(designator, position)
            cost = Money(self.prices[designator], currency)
            prices = tuple(
                SeatPrice(f"ase_{designator}_{n}_{serial}", one.provider_passenger_id, cost)
                for n, one in enumerate(seated)
            )
            return Seat(designator, position, ("exit_row",), prices)

        economy = (tuple(seat(f"12{letter}", place) for letter, place in PLACES), (seat("14A", "window"),))
        return (
            CabinSeats(CabinClass.BUSINESS, ("A", "", "C"), ((seat("1A", "window"),),)),
            CabinSeats(CabinClass.ECONOMY, ("A", "B", "C"), economy),
        )


PLACES = (("A", "window"), ("B", "middle"), ("C", "aisle"))


def renamed(raw: dict[str, Any], serial: int) -> dict[str, Any]:
    """The same offer with other ids for itself, its segments and its services; passengers keep theirs."""
    offer = deepcopy(raw)
    offer["id"] = f"off_read_{serial}"
    ids: dict[str, str] = {}
    for part in offer["slices"]:
        for segment in part["segments"]:
            ids[segment["id"]] = segment["id"] = f"seg_{serial}_{len(ids)}"
    for n, service in enumerate(offer["available_services"]):
        service["id"] = f"ase_{serial}_{n}"
        service["segment_ids"] = [ids[one] for one in service["segment_ids"]]
    return offer


class Limited:
    """A provider that lacks some capabilities."""

    def __init__(self, provider: Provider, **lacks: Any) -> None:
        self._provider = provider
        self._lacks = lacks

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._provider.capabilities, **self._lacks)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


def dearer(raw: dict[str, Any]) -> None:
    """Ten more, as a tax."""
    for name in ("tax_amount", "total_amount"):
        raw[name] = str(Decimal(raw[name]) + 10)
