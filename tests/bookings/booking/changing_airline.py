"""An airline that confirms what it is sent, and whose one order then changes as a test wants."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bookings.providers.errors import Unavailable
from bookings.providers.types import (
    AnnouncedChange,
    OrderRequest,
    OrderStatus,
    ProviderOrder,
    Segment,
    Slice,
    TravelDocument,
)
from movmo.kit import clock
from tests.idle_airline import IdleAirline


class ChangingAirline(IdleAirline):
    """`order` is what it tells; None: it knows of none. `when_asked` happens during each call about the order."""

    def __init__(self) -> None:
        self.order: ProviderOrder | None = None
        self.request: OrderRequest | None = None
        self.pay_by: datetime | None = None
        self.asked = 0
        self.is_deaf = False
        self.when_asked: Callable[[], object] = lambda: None

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        self.request = order
        self.order = ProviderOrder(
            order_id=f"ord_{order.client_reference}",
            client_reference=order.client_reference,
            status=OrderStatus.HELD if order.hold else OrderStatus.CONFIRMED,
            record_locators=("BCDFGH",),
            total=order.total,
            payment_required_by=self.pay_by,
        )
        return self.order

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        self.asked += 1
        self.when_asked()
        if self.is_deaf:
            raise Unavailable("nobody answers")
        return self.order

    def accept_schedule_change(self, order_id: str, reference: str, *, now: datetime) -> ProviderOrder:
        self.says(schedule_change=None)
        assert self.order is not None
        return self.order

    def says(self, **changes: Any) -> None:
        """From now on."""
        assert self.order is not None
        self.order = replace(self.order, **changes)

    def issues_tickets(self, *coupons: str) -> None:
        assert self.request is not None
        people = [person.provider_passenger_id for person in self.request.passengers]
        self.says(
            documents=tuple(
                TravelDocument("electronic_ticket", f"000240000000{index}", person, coupons)
                for index, person in enumerate(people)
            )
        )

    def announces(self, reference: str, **moved: float) -> None:
        """Every flight moves: `announces("1", minutes=20)`."""
        assert self.request is not None
        slices = tuple(_moved(part, **moved) for part in self.request.offer.normalised.slices)
        self.says(schedule_change=AnnouncedChange(reference, slices, clock.now()))


def _moved(part: Slice, **by: float) -> Slice:
    return part.model_copy(update={"segments": [_flown_later(segment, **by) for segment in part.segments]})


def _flown_later(segment: Segment, **by: float) -> Segment:
    wait = timedelta(**by)
    moved = {
        name: getattr(segment, name).model_copy(
            update={"local": getattr(segment, name).local + wait, "utc": getattr(segment, name).utc + wait}
        )
        for name in ("departing", "arriving")
    }
    return segment.model_copy(update=moved)
