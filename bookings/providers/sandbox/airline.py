"""What the sandbox adapter asks of its airline. The airline itself lives outside of `providers`, with its tables."""

from datetime import datetime
from typing import Any, Protocol

from bookings.providers.types import OrderRequest, ProviderOrder, SearchQuery


class Airline(Protocol):
    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        """Raw offers in Duffel's v2 shape, cheapest first. Raises Unavailable."""
        ...

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        """Raises Rejected, Unavailable or OutcomeUnknown."""
        ...

    def find_order(self, client_reference: str) -> ProviderOrder | None: ...
