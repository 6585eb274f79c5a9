"""What an airline's answer about a live order means for its booking."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import BaseModel

from bookings.booking.events import TICKETS_LATE, BookingEvent
from bookings.booking.models import Booking
from bookings.booking.saga import STATE_OF_ORDER, as_recorded, ended_by_airline, is_ticketed
from bookings.booking.schedule_change import services as schedule_changes
from bookings.booking.schedule_change.services import News
from bookings.booking.states import LIVE, OVER, State
from bookings.booking.watch_times import Journey, next_look
from bookings.providers.types import ProviderOrder
from movmo.operations.events import EventType

log = structlog.get_logger()

TICKETS_ARE_LATE = "the tickets are late"
TICKETS_ARE_LATE_AFTER = timedelta(hours=24)
PATHS: dict[tuple[State, State], tuple[State, ...]] = {
    (State.CONFIRMED, State.CONFIRMED): (),
    (State.TICKETED, State.CONFIRMED): (),
    (State.HELD, State.HELD): (),
    (State.HELD, State.CONFIRMED): (State.CONFIRMING, State.CONFIRMED),
    (State.HELD, State.LAPSED): (State.LAPSED,),
    **{(state, State.CANCELLED): (State.CANCELLED,) for state in LIVE},
}
"""From the booking's state to the airline's. What is not here cannot be, and is not believed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`path` are the states that the booking goes through, none if it stays; `facts` its columns that change."""

    booking: Booking
    path: tuple[State, ...]
    facts: dict[str, Any]
    schedule: News
    confirmed_at: datetime | None = None
    tickets_are_late: bool = False

    @classmethod
    def of(cls, booking: Booking, order: ProviderOrder, *, now: datetime) -> "Finding | None":
        """None for an answer that contradicts what the airline said before."""
        path = PATHS.get((State(booking.state), STATE_OF_ORDER[order.status]))
        if path is None:
            log.error("booking.order_contradicts", booking_id=str(booking.pk), state=booking.state, order=order.status)
            return None
        if _after(booking, path) is State.CONFIRMED and order.documents and is_ticketed(booking, order):
            path = (*path, State.TICKETED)
        after = _after(booking, path)
        is_over = after in OVER
        confirmed_at = _confirmed_at(booking) if after is State.CONFIRMED else None
        return cls(
            booking,
            path,
            _facts(booking, order, after, now=now),
            schedule_changes.called_off(booking) if is_over else schedule_changes.read(booking, order.schedule_change),
            confirmed_at,
            confirmed_at is not None and now - confirmed_at >= TICKETS_ARE_LATE_AFTER and not _was_told_late(booking),
        )

    @property
    def after(self) -> State:
        return _after(self.booking, self.path)

    @property
    def is_news(self) -> bool:
        return bool(self.path or self.facts or self.schedule or self.tickets_are_late)

    @property
    def reason(self) -> str:
        if self.path:
            return f"the airline says {self.path[-1]}"
        said = {
            TICKETS_ARE_LATE: self.tickets_are_late,
            "a change of schedule": self.schedule,
            "the order has changed": self.facts,
        }
        return ", ".join(words for words, is_so in said.items() if is_so)

    def events(self) -> tuple[tuple[EventType, BaseModel], ...]:
        late = (TICKETS_LATE, BookingEvent(booking_id=self.booking.pk, status=self.after))
        return (*self.schedule.events(self.after), *([late] if self.tickets_are_late else []))

    def look_again(self, *, now: datetime) -> datetime | None:
        if self.after in OVER:
            return None
        waits = self.schedule.fresh or self.schedule.still
        return next_look(
            self.after,
            Journey.of(self.booking.itinerary, waits.after if waits else []),
            now=now,
            booked_at=self.booking.submitted_at or self.booking.created_at,
            confirmed_at=self.confirmed_at,
            pay_by=self.facts.get("payment_required_by", self.booking.payment_required_by),
        )


def _after(booking: Booking, path: tuple[State, ...]) -> State:
    return path[-1] if path else State(booking.state)


def _facts(booking: Booking, order: ProviderOrder, after: State, *, now: datetime) -> dict[str, Any]:
    """The columns in which the order differs from the booking. Locators and tickets are replaced, never emptied."""
    told = as_recorded(order, booking, now=now)
    told.pop("watch_at")
    kept = [name for name in ("record_locators", "documents") if not told[name]]
    told |= ended_by_airline(order, booking)
    return {name: value for name, value in told.items() if name not in kept and value != getattr(booking, name)}


def _confirmed_at(booking: Booking) -> datetime | None:
    """Since when tickets are owed."""
    step = booking.transitions.filter(after=State.CONFIRMED).exclude(before=State.CONFIRMED).last()
    return step.at if step else None


def _was_told_late(booking: Booking) -> bool:
    return booking.transitions.filter(reason__startswith=TICKETS_ARE_LATE).exists()
