"""An airline that does nothing, for the tests' own airlines to begin from: each overrides what it is asked for."""

from datetime import date, datetime
from typing import Any, NoReturn

from bookings.providers.errors import Unavailable
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


class IdleAirline:
    """Every call is answered as if nobody were at the desk."""

    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        nobody_answers()

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        nobody_answers()

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        nobody_answers()

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        nobody_answers()

    def reprice(self, offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: datetime) -> dict[str, Any]:
        nobody_answers()

    def seat_map(self, offer: ParsedOffer, *, now: datetime) -> SeatMap:
        nobody_answers()

    def confirm_hold(self, order_id: str, *, total: Money, now: datetime) -> ProviderOrder:
        nobody_answers()

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        nobody_answers()

    def confirm_cancellation(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        nobody_answers()

    def accept_schedule_change(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        nobody_answers()

    def list_orders(self, day: date, *, now: datetime) -> list[ProviderOrder]:
        nobody_answers()

    def statement(self, day: date) -> list[StatementLine]:
        nobody_answers()


def nobody_answers() -> NoReturn:
    raise Unavailable("nobody is at the desk")
