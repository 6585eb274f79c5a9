"""An airline that does as it is told, and takes an order as often as it is sent: doubles show."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bookings.providers.errors import OutcomeUnknown, Refusal, Rejected, Unavailable
from bookings.providers.types import OrderRequest, OrderStatus, ProviderOrder, SearchQuery, TravelDocument
from movmo.kit import clock

LATE = timedelta(seconds=90)


class PowerCut(BaseException):
    """The process dies here: nothing of ours may catch it."""


@dataclass
class Order:
    request: OrderRequest
    visible_from: datetime
    status: OrderStatus


Mood = Callable[["ScriptedAirline", OrderRequest], ProviderOrder]


@dataclass
class ScriptedAirline:
    """`moods` are used up, one for each order that is sent; after them the airline behaves."""

    moods: list[Mood] = field(default_factory=list)
    orders: dict[str, list[Order]] = field(default_factory=lambda: defaultdict(list))
    sent: list[str] = field(default_factory=list)
    asked: int = 0
    is_deaf: bool = False
    before_answering: Callable[[], object] = lambda: None
    when_asked: Callable[[], object] = lambda: None

    def search(self, query: SearchQuery, *, now: datetime) -> list[dict[str, Any]]:
        return []

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        self.sent.append(order.client_reference)
        self.before_answering()
        mood = self.moods.pop(0) if self.moods else confirms
        return mood(self, order)

    def find_order(self, client_reference: str, *, now: datetime) -> ProviderOrder | None:
        self.asked += 1
        self.when_asked()
        if self.is_deaf:
            raise Unavailable("nobody answers")
        known = [order for order in self.orders[client_reference] if order.visible_from <= clock.now()]
        return answer(known[0]) if known else None

    def take(self, request: OrderRequest, status: OrderStatus | None = None, *, late: bool = False) -> ProviderOrder:
        usual = OrderStatus.HELD if request.hold else OrderStatus.CONFIRMED
        order = Order(request, clock.now() + (LATE if late else timedelta()), status or usual)
        self.orders[request.client_reference].append(order)
        return answer(order)

    def live_orders(self, client_reference: object) -> int:
        return sum(order.status is not OrderStatus.FAILED for order in self.orders[str(client_reference)])

    def forget(self) -> None:
        """As on the first day."""
        self.moods, self.sent, self.asked, self.is_deaf = [], [], 0, False
        self.orders.clear()

    def decide(self, status: OrderStatus) -> None:
        """What was pending is now confirmed or failed."""
        for orders in self.orders.values():
            for order in orders:
                if order.status is OrderStatus.PENDING:
                    order.status = status


def answer(order: Order) -> ProviderOrder:
    request = order.request
    ticketed: Iterable[str] = ()
    if order.status is OrderStatus.CONFIRMED:
        ticketed = [person.provider_passenger_id for person in request.passengers]
    return ProviderOrder(
        order_id=f"ord_{request.client_reference}",
        client_reference=request.client_reference,
        status=order.status,
        record_locators=("BCDFGH",),
        total=request.total,
        documents=tuple(
            TravelDocument("electronic_ticket", f"000240000000{index}", person) for index, person in enumerate(ticketed)
        ),
    )


def confirms(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    return airline.take(order)


def ponders(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    return airline.take(order, OrderStatus.PENDING)


def fails_the_order(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    return airline.take(order, OrderStatus.FAILED)


def rejects(refusal: Refusal) -> Mood:
    def mood(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
        new_total = replace(order.total, minor=order.total.minor + 100)
        price = new_total if refusal is Refusal.PRICE_CHANGED else None
        raise Rejected(refusal, "the airline's own words", new_total=price)

    return mood


def is_unavailable(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    raise Unavailable("nothing was sent")


def loses_the_answer(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    airline.take(order)
    raise OutcomeUnknown("the answer is lost")


def loses_the_order(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    raise OutcomeUnknown("no answer, no order")


def is_late(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    """Answers nothing, and makes the order a while after the caller has hung up."""
    airline.take(order, late=True)
    raise OutcomeUnknown("the order comes late")


def breaks(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    raise RuntimeError("a bug in the adapter")


def breaks_afterwards(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    airline.take(order)
    raise RuntimeError("a bug in the adapter, after the answer")


def power_fails_before_sending(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    raise PowerCut


def power_fails_after_the_answer(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    airline.take(order)
    raise PowerCut


def knows_the_reference(airline: ScriptedAirline, order: OrderRequest) -> ProviderOrder:
    """An earlier try has reached the airline after all."""
    airline.take(order)
    raise Rejected(Refusal.DUPLICATE_REFERENCE, "seen before")


@contextmanager
def dies_when_asked(airline: ScriptedAirline) -> Iterator[None]:
    """The process dies in every look-up."""

    def die() -> None:
        raise PowerCut

    airline.when_asked = die
    yield
    airline.when_asked = lambda: None
