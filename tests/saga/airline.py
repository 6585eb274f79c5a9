"""An airline that does as it is told, and takes an order as often as it is sent: doubles show.

What is asked of an order is done by `desk`, with moods of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bookings.providers.errors import OutcomeUnknown, Refusal, Rejected, Unavailable
from bookings.providers.types import (
    AnnouncedChange,
    CancellationTerms,
    OrderRequest,
    OrderStatus,
    ProviderOrder,
    SearchQuery,
    TravelDocument,
)
from movmo.kit import clock
from movmo.kit.money import Money
from tests.idle_airline import IdleAirline

LATE = timedelta(seconds=90)
HOLD = timedelta(hours=24)
QUOTE = timedelta(minutes=30)
PENALTY = 1_000


class PowerCut(BaseException):
    """The process dies here: nothing of ours may catch it."""


@dataclass
class Order:
    request: OrderRequest
    visible_from: datetime
    status: OrderStatus
    change: AnnouncedChange | None = None
    accepted: str = ""
    quotes: list[str] = field(default_factory=list)
    refund: Money | None = None
    is_paid: bool = False
    pay_by: datetime | None = None


Mood = Callable[["ScriptedAirline", OrderRequest], ProviderOrder]
Act = Callable[[], Order]
DeskMood = Callable[["ScriptedAirline", Act], ProviderOrder]


@dataclass
class ScriptedAirline(IdleAirline):
    """`moods` are used up, one for each order that is sent; after them the airline behaves.

    So are `desk_moods`, one for each thing that is asked of an order: see `asked_for`, and `done` for what was done.
    """

    moods: list[Mood] = field(default_factory=list)
    desk_moods: list[DeskMood] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    later: list[tuple[datetime, Act]] = field(default_factory=list)
    looked: int = 0
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
        order.pay_by = clock.now() + HOLD if request.hold else None
        self.orders[request.client_reference].append(order)
        return answer(order)

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        self.looked += 1
        self.when_asked()
        if self.is_deaf:
            raise Unavailable("nobody answers")
        self._do_what_is_late()
        order = self.order(order_id)
        return answer(order) if order else None

    def confirm_hold(self, order_id: str, *, total: Money, now: datetime) -> ProviderOrder:
        return self._at_the_desk("confirm_hold", order_id, partial(self._pay, total=total))

    def quote_cancellation(self, order_id: str, *, now: datetime) -> CancellationTerms:
        order = self._existing(order_id)
        order.quotes.append(f"quo_{len(order.quotes) + 1}")
        total = order.request.total
        penalty = replace(total, minor=PENALTY if order.is_paid or not order.request.hold else 0)
        refund = replace(total, minor=total.minor - PENALTY if penalty.minor else 0)
        return CancellationTerms(order.quotes[-1], refund, penalty, "original_payment", clock.now() + QUOTE)

    def confirm_cancellation(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        return self._at_the_desk("cancel", order_id, partial(self._cancel, reference=reference))

    def accept_schedule_change(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        return self._at_the_desk("accept", order_id, partial(self._accept, reference=reference))

    def _at_the_desk(self, what: str, order_id: str, act: Callable[[Order], None]) -> ProviderOrder:
        self.asked_for.append(what)
        self.before_answering()
        self._do_what_is_late()
        mood = self.desk_moods.pop(0) if self.desk_moods else does_it
        return mood(self, partial(self._acted, order_id, act))

    def _acted(self, order_id: str, act: Callable[[Order], None]) -> Order:
        order = self._existing(order_id)
        act(order)
        return order

    def _do_what_is_late(self) -> None:
        due = [act for at, act in self.later if at <= clock.now()]
        self.later = [(at, act) for at, act in self.later if at > clock.now()]
        for act in due:
            with suppress(Rejected):
                act()

    def _pay(self, order: Order, *, total: Money) -> None:
        if order.status is OrderStatus.CONFIRMED:
            return
        if order.status is not OrderStatus.HELD:
            lapsed = order.status is OrderStatus.LAPSED
            raise Rejected(Refusal.HOLD_LAPSED if lapsed else Refusal.ORDER_OVER, f"it is {order.status}")
        order.status, order.is_paid, order.pay_by = OrderStatus.CONFIRMED, True, None
        self.done.append("confirm_hold")

    def _cancel(self, order: Order, *, reference: str) -> None:
        if order.status is OrderStatus.CANCELLED:
            return
        if order.status is OrderStatus.LAPSED:
            raise Rejected(Refusal.ORDER_OVER, "it has lapsed")
        if reference not in order.quotes:
            raise Rejected(Refusal.QUOTE_EXPIRED, "no such quote")
        paid = order.request.total.minor if order.is_paid or not order.request.hold else 0
        order.refund = replace(order.request.total, minor=max(paid - PENALTY, 0))
        order.status = OrderStatus.CANCELLED
        self.done.append("cancel")

    def _accept(self, order: Order, *, reference: str) -> None:
        if order.status in (OrderStatus.CANCELLED, OrderStatus.LAPSED):
            raise Rejected(Refusal.ORDER_OVER, f"it is {order.status}")
        if order.accepted == reference:
            return
        if order.change is None or order.change.reference != reference:
            raise Rejected(Refusal.CHANGE_WITHDRAWN, "no such change")
        order.change, order.accepted = None, reference
        self.done.append("accept")

    def end(self, order_id: str, status: OrderStatus) -> None:
        """By itself, and with all of the money back where there was some."""
        order = self._existing(order_id)
        if status is OrderStatus.CANCELLED:
            order.refund = order.request.total if order.is_paid or not order.request.hold else None
        order.status = status

    def order(self, order_id: str) -> Order | None:
        orders = self.orders.get(order_id.removeprefix("ord_"))
        return orders[0] if orders else None

    def _existing(self, order_id: str) -> Order:
        order = self.order(order_id)
        assert order is not None, f"somebody asked for {order_id}"
        return order

    def live_orders(self, client_reference: object) -> int:
        return sum(order.status is not OrderStatus.FAILED for order in self.orders[str(client_reference)])

    def forget(self) -> None:
        """As on the first day."""
        self.moods, self.sent, self.asked, self.is_deaf = [], [], 0, False
        self.desk_moods, self.asked_for, self.done, self.later = [], [], [], []
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
        payment_required_by=order.pay_by,
        schedule_change=order.change,
        refund=order.refund,
    )


def does_it(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    return answer(act())


def does_it_silently(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    act()
    raise OutcomeUnknown("the answer is lost")


def does_it_late(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    airline.later.append((clock.now() + LATE, act))
    raise OutcomeUnknown("it is done after the caller has hung up")


def hears_nothing(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    raise OutcomeUnknown("no answer, and nothing done")


def is_closed(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    raise Unavailable("nothing was sent")


def says_no(refusal: Refusal, **said: Any) -> DeskMood:
    def mood(airline: ScriptedAirline, act: Act) -> ProviderOrder:
        raise Rejected(refusal, "the airline's own words", **said)

    return mood


def breaks_first(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    raise RuntimeError("a bug in the adapter")


def breaks_having_done_it(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    act()
    raise RuntimeError("a bug in the adapter, after the answer")


def power_fails_first(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    raise PowerCut


def power_fails_having_done_it(airline: ScriptedAirline, act: Act) -> ProviderOrder:
    act()
    raise PowerCut


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
