"""The built-in airline behind the provider port: all of it works offline, and its failures can be asked for by name."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from bookings.providers.errors import OutcomeUnknown
from bookings.providers.sandbox.airline import Airline
from bookings.providers.sandbox.capabilities import CAPABILITIES
from bookings.providers.seating import SeatMap
from bookings.providers.transport import refuse_in_transaction
from bookings.providers.types import (
    CancellationTerms,
    Capabilities,
    CardAnswer,
    CardRequest,
    CardStatus,
    OrderPassenger,
    OrderRequest,
    ParsedOffer,
    ProviderOrder,
    SearchQuery,
    StatementLine,
)
from movmo.kit.money import Money

DESK = "/desk/authorizations"  # the airline's bank sits beside the sandbox vault


class SandboxProvider:
    """`parse` reads the Duffel shape that the airline speaks; injected, because adapters know no other adapter."""

    def __init__(self, *, airline: Airline, parse: Callable[[Any], ParsedOffer]) -> None:
        self._airline = airline
        self._parse = parse

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def parse_offer(self, raw: dict[str, Any]) -> ParsedOffer:
        return self._parse(raw)

    def search(self, query: SearchQuery, *, now: datetime) -> list[ParsedOffer]:
        refuse_in_transaction()
        return [self._parse(raw) for raw in self._airline.search(query, now=now)]

    def book(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        refuse_in_transaction()
        return self._airline.place_order(order, now=now)

    def card_request(self, order: OrderRequest, *, vault_url: str, exp_month: int, exp_year: int) -> CardRequest:
        template = {
            "number": "{{credit_card_number}}",
            "verification_value": "{{credit_card_verification_value}}",
            "month": exp_month,
            "year": exp_year,
            "amount": order.total.amount,
            "currency": order.total.currency,
            "reference": order.client_reference,
        }
        return CardRequest(url=vault_url + DESK, template=template)

    def read_card_answer(self, status: int, body: Any) -> CardAnswer:
        try:
            return CardAnswer(
                status=CardStatus(body["status"]),
                reference=str(body["id"]),
                challenge_url=str(body.get("challenge_url", "")),
                decline_code=str(body.get("decline_code", "")),
            )
        except (KeyError, TypeError, ValueError):
            raise OutcomeUnknown(f"the airline's bank answered {status} and nothing that can be read") from None

    def void_request(self, reference: str, *, vault_url: str) -> CardRequest:
        return CardRequest(url=f"{vault_url}{DESK}/{reference}/void", template={})

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        refuse_in_transaction()
        return self._airline.find_order(client_reference, now=now)

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        refuse_in_transaction()
        return self._airline.get_order(order_id, now=now)

    def reprice(self, offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: datetime) -> ParsedOffer:
        refuse_in_transaction()
        return self._parse(self._airline.reprice(offer, passengers, now=now))

    def seat_map(self, offer: ParsedOffer, *, now: datetime) -> SeatMap:
        refuse_in_transaction()
        return self._airline.seat_map(offer, now=now)

    def confirm_hold(self, order_id: str, *, total: Money, now: datetime) -> ProviderOrder:
        refuse_in_transaction()
        return self._airline.confirm_hold(order_id, total=total, now=now)

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        refuse_in_transaction()
        return self._airline.quote_cancellation(order_id, now=now)

    def confirm_cancellation(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        refuse_in_transaction()
        return self._airline.confirm_cancellation(order_id, reference, now=now)

    def accept_schedule_change(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        refuse_in_transaction()
        return self._airline.accept_schedule_change(order_id, reference, now=now)

    def list_orders(self, day: date, *, now: datetime) -> list[ProviderOrder]:
        refuse_in_transaction()
        return self._airline.list_orders(day, now=now)

    def statement(self, day: date) -> list[StatementLine]:
        refuse_in_transaction()
        return self._airline.statement(day)
