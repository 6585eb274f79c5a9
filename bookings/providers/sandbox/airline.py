"""What the sandbox adapter asks of its airline. The airline itself lives outside of `providers`, with its tables."""

from datetime import date, datetime
from typing import Any, Protocol

from bookings.providers.seating import SeatMap
from bookings.providers.types import (
    CancellationTerms,
    OrderPassenger,
    OrderRequest,
    ParsedOffer,
    ProviderOrder,
    SearchQuery,
    StatementLine,
)
from movmo.kit.money import Money


class Airline(Protocol):
    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        """Raw offers in Duffel's v2 shape, cheapest first. Raises Unavailable."""
        ...

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        """Raises Rejected, Unavailable or OutcomeUnknown."""
        ...

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None: ...

    # What follows raises as the methods of the port that have the same names.

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None: ...

    def reprice(self, offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: datetime) -> dict[str, Any]:
        """A raw offer."""
        ...

    def seat_map(self, offer: ParsedOffer, *, now: datetime) -> SeatMap: ...

    def confirm_hold(self, order_id: str, *, total: Money, now: datetime) -> ProviderOrder: ...

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms: ...

    def confirm_cancellation(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder: ...

    def accept_schedule_change(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder: ...

    def list_orders(self, day: date, *, now: datetime) -> list[ProviderOrder]: ...

    def statement(self, day: date) -> list[StatementLine]: ...
