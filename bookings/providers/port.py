"""The port every flight provider is driven through.

An adapter never opens a transaction and is never called inside one (`transport.refuse_in_transaction`). Every method
that talks to the provider may raise one of the three failures of `errors.py`, and nothing else.
"""

from datetime import datetime
from typing import Any, Protocol

from bookings.providers.types import (
    Capabilities,
    CardAnswer,
    CardRequest,
    OrderRequest,
    ParsedOffer,
    ProviderOrder,
    SearchQuery,
)


class Provider(Protocol):
    @property
    def capabilities(self) -> Capabilities: ...

    def parse_offer(self, raw: dict[str, Any]) -> ParsedOffer:
        """Read a raw offer. Pure: no call is made. Raises OfferUnrecognized."""
        ...

    def search(self, query: SearchQuery, *, now: datetime) -> list[ParsedOffer]:
        """Offers for the query, cheapest first; an empty list when nothing flies."""
        ...

    def book(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        """Place the order. Raises Rejected, Unavailable or OutcomeUnknown."""
        ...

    def card_request(self, order: OrderRequest, *, vault_url: str, exp_month: int, exp_year: int) -> CardRequest:
        """How the airline is asked to charge a card for the order. Pure: the vault sends it.

        The client reference names the authorization: the same request again tells the same one.
        """
        ...

    def read_card_answer(self, status: int, body: Any) -> CardAnswer:
        """What the airline answered. Pure. An answer that cannot be read raises OutcomeUnknown."""
        ...

    def void_request(self, reference: str, *, vault_url: str) -> CardRequest:
        """How the airline is told that nothing was bought. Pure."""
        ...

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        """The order placed under our reference, or None when the provider has none."""
        ...
