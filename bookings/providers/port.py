"""The port every flight provider is driven through.

An adapter never opens a transaction and is never called inside one (`transport.refuse_in_transaction`). Every method
that talks to the provider may raise one of the three failures of `errors.py`, and nothing else.
"""

from datetime import date, datetime
from typing import Any, Protocol

from bookings.providers.seating import SeatMap
from bookings.providers.types import (
    CancellationTerms,
    Capabilities,
    CardAnswer,
    CardRequest,
    OrderPassenger,
    OrderRequest,
    ParsedOffer,
    ProviderOrder,
    SearchQuery,
    StatementLine,
)
from movmo.kit.money import Money


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

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        """The order as it stands: its tickets, its state, a change of schedule that waits. None when there is none."""
        ...

    def reprice(self, offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: datetime) -> ParsedOffer:
        """The same flights for the same slots as they are sold now: a new reading with new ids of its services.

        `passengers` are those who are known already. Raises Rejected (SOLD_OUT, OFFER_EXPIRED).
        """
        ...

    def seat_map(self, offer: ParsedOffer, *, now: datetime) -> SeatMap:
        """Raises Rejected (OFFER_EXPIRED)."""
        ...

    def confirm_hold(self, order_id: str, *, total: Money, now: datetime) -> ProviderOrder:
        """Pay for a held order and ticket it. A confirmed order answers as it is.

        Raises Rejected (HOLD_LAPSED, PRICE_CHANGED with the new total, PAYMENT_DECLINED, ORDER_OVER).
        """
        ...

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        """Binds nobody yet. Raises Rejected (NOT_CANCELLABLE, ORDER_OVER)."""
        ...

    def confirm_cancellation(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        """Cancel on the terms of a quote. A cancelled order answers as it is.

        Raises Rejected (QUOTE_EXPIRED, NOT_CANCELLABLE, ORDER_OVER).
        """
        ...

    def accept_schedule_change(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        """An accepted one answers as it is. Raises Rejected (CHANGE_WITHDRAWN, ORDER_OVER)."""
        ...

    # The two that follow are asked of providers whose capabilities have `statements`.

    def list_orders(self, day: date, *, now: datetime) -> list[ProviderOrder]:
        """Every order that was placed on one UTC day, as it stands now, whoever placed it."""
        ...

    def statement(self, day: date) -> list[StatementLine]:
        """What the provider says of one UTC day, in no order that means anything."""
        ...
