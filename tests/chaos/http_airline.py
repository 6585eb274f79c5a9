"""The airline over HTTP, behind the sandbox adapter: the timetable is the sandbox's, the orders are the hostile one's.

What decides safety is read strictly: only a connection that was refused, or an answer that says so, means that nothing
was made. From the first byte sent everything else is OutcomeUnknown.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import date, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any
from zlib import crc32

from bookings.providers.errors import OutcomeUnknown, Refusal, Rejected, Unavailable
from bookings.providers.seating import SeatMap
from bookings.providers.types import (
    CancellationTerms,
    OrderPassenger,
    OrderRequest,
    OrderStatus,
    ParsedOffer,
    PassengerType,
    ProviderOrder,
    SearchQuery,
    StatementLine,
    TravelDocument,
)
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.money import Money
from tests.chaos import phases
from tests.chaos.hostile_airline import PATIENCE
from tests.chaos.phases import Phase

REFUSALS = {
    "duplicate_reference": Refusal.DUPLICATE_REFERENCE,
    "sold_out": Refusal.SOLD_OUT,
    "order_over": Refusal.ORDER_OVER,
}
QUOTE_LIFE = timedelta(minutes=10)
HOLD = timedelta(hours=24)


class HttpAirline:
    def __init__(self, port: int) -> None:
        self._port = port
        self._timetable = SandboxAirline(seats_per_flight=1_000_000)

    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        return self._timetable.search(query, now=now)

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        phases.reach(Phase.SENDING)
        wanted = {
            "client_reference": order.client_reference,
            "sent_at": time.time(),
            "hold": order.hold,
            "total_minor": order.total.minor,
            "currency": order.total.currency,
            "passengers": [person.provider_passenger_id for person in order.passengers],
            "departures": _departures(order),
        }
        answer = self._call("POST", "/orders", wanted, sent=Phase.SENT)
        phases.reach(Phase.ANSWERED)
        return _order(answer)

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        found = self._looked_up(f"/references/{client_reference}")
        phases.reach(Phase.LOOKED_UP)
        return found

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        return self._looked_up(f"/orders/{order_id}")

    def confirm_hold(self, order_id: str, *, total: Money, now: datetime) -> ProviderOrder:
        return self._amended(order_id, "payment")

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        terms = self._call("POST", f"/orders/{order_id}/quote", {})
        paid = terms["total_minor"] if terms["status"] == "confirmed" else 0
        return CancellationTerms(
            reference=terms["reference"],
            refund=Money(paid, terms["currency"]),
            penalty=Money(0, terms["currency"]),
            refund_to="original_form_of_payment",
            expires_at=now + QUOTE_LIFE,
        )

    def confirm_cancellation(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        return self._amended(order_id, "cancellation")

    def accept_schedule_change(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        raise Rejected(Refusal.CHANGE_WITHDRAWN, "this airline keeps to its schedule")

    def reprice(self, offer: ParsedOffer, passengers: tuple[OrderPassenger, ...], *, now: datetime) -> dict[str, Any]:
        return self._timetable.reprice(offer, passengers, now=now)

    def seat_map(self, offer: ParsedOffer, *, now: datetime) -> SeatMap:
        return self._timetable.seat_map(offer, now=now)

    def list_orders(self, day: date, *, now: datetime) -> list[ProviderOrder]:
        return []

    def statement(self, day: date) -> list[StatementLine]:
        return []

    def _amended(self, order_id: str, verb: str) -> ProviderOrder:
        phases.reach(Phase.AMENDING)
        answer = self._call("POST", f"/orders/{order_id}/{verb}", {})
        phases.reach(Phase.AMENDED)
        return _order(answer)

    def _looked_up(self, path: str) -> ProviderOrder | None:
        try:
            return _order(self._call("GET", path, {}))
        except NotFound:
            return None

    def _call(self, method: str, path: str, content: dict[str, Any], *, sent: Phase | None = None) -> dict[str, Any]:
        """Raises NotFound, Rejected, Unavailable or OutcomeUnknown."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            try:
                connection.connect()
            except OSError as refused:
                raise Unavailable(f"no connection: {refused}") from refused
            try:
                connection.request(method, path, json.dumps(content))
                if sent is not None:
                    phases.reach(sent)
                response = connection.getresponse()
                return _read(response.status, json.loads(response.read()))
            except (OSError, HTTPException, ValueError) as broken:
                raise OutcomeUnknown(f"{type(broken).__name__}: {broken}") from broken
        finally:
            connection.close()


class NotFound(Exception):
    """The airline has no such order."""


def _read(status: int, answer: dict[str, Any]) -> dict[str, Any]:
    if status < 300:
        return answer
    code = answer["code"]
    if status == 404:
        raise NotFound
    if status == 503 and code == "order_not_created":
        raise Unavailable("503 order_not_created")
    if code in REFUSALS:
        raise Rejected(REFUSALS[code], code)
    raise OutcomeUnknown(f"{status} {code}")


def _order(answer: dict[str, Any]) -> ProviderOrder:
    status = OrderStatus(answer["status"])
    ticketed = answer["passengers"] if status is OrderStatus.CONFIRMED else []
    serial = crc32(answer["order_id"].encode())
    return ProviderOrder(
        order_id=answer["order_id"],
        client_reference=answer["client_reference"],
        status=status,
        record_locators=(answer["locator"],),
        total=Money(answer["total_minor"], answer["currency"]),
        documents=tuple(
            TravelDocument("electronic_ticket", f"000{serial + index:010d}", passenger)
            for index, passenger in enumerate(ticketed)
        ),
        refund=None if answer["refund_minor"] is None else Money(answer["refund_minor"], answer["currency"]),
    )


def _departures(order: OrderRequest) -> dict[str, int]:
    """Seats wanted by departure. A lap infant takes none."""
    seated = sum(person.type is not PassengerType.INFANT for person in order.passengers)
    wanted: Counter[str] = Counter()
    for segment in order.offer.normalised.segments:
        flight = f"{segment.marketing_carrier}{segment.marketing_flight_number}"
        wanted[f"{flight} {segment.origin.iata_code} {segment.departing.local.date()}"] += seated
    return dict(wanted)
