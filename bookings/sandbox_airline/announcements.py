"""Changes of schedule, which follow from an order's trigger and the time since it was confirmed. Pure.

An order has one change at most, so its reference is made of the order's.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bookings.providers.types import AnnouncedChange, Moment, OrderStatus, Segment, Slice
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.schedule import SHORTEST_CONNECTION
from bookings.sandbox_airline.triggers import AFTERTHOUGHT, CHANGES_BACK_AFTER, DELAYS, Trigger

MAJOR = timedelta(hours=1)


def announced(order: SandboxOrder, *, now: datetime) -> AnnouncedChange | None:
    """The change that waits to be accepted."""
    delay = _delay(order)
    if not delay or order.confirmed_at is None or order.change_accepted_at or order.status != OrderStatus.CONFIRMED:
        return None
    announced_at = order.confirmed_at + AFTERTHOUGHT
    is_back = order.trigger == Trigger.SCHEDULEBACK and now >= order.confirmed_at + CHANGES_BACK_AFTER
    if now < announced_at or is_back:
        return None
    return AnnouncedChange(reference_of(order), tuple(_delayed(order.content.slices, delay)), announced_at)


def reference_of(order: SandboxOrder) -> str:
    return f"sch_{order.id.hex}"


def is_major(order: SandboxOrder) -> bool:
    """Whether who does not want the change may have everything back."""
    return _delay(order) >= MAJOR


def slices_of(order: SandboxOrder) -> list[Slice]:
    """The itinerary that is agreed upon."""
    slices = order.content.slices
    return _delayed(slices, _delay(order)) if order.change_accepted_at else slices


def _delay(order: SandboxOrder) -> timedelta:
    return DELAYS[Trigger(order.trigger)] if order.trigger in DELAYS else timedelta()


def _delayed(slices: list[Slice], delay: timedelta) -> list[Slice]:
    """The first slice leaves later, and any after it that could not be reached otherwise."""
    moved = [_later(slices[0], delay)]
    for part in slices[1:]:
        landed = moved[-1].segments[-1].arriving.utc
        is_reached = part.segments[0].departing.utc >= landed + SHORTEST_CONNECTION
        moved.append(part if is_reached else _later(part, delay))
    return moved


def _later(part: Slice, delay: timedelta) -> Slice:
    return part.model_copy(update={"segments": [_segment_later(segment, delay) for segment in part.segments]})


def _segment_later(segment: Segment, delay: timedelta) -> Segment:
    times = {"departing": _moment_later(segment.departing, delay), "arriving": _moment_later(segment.arriving, delay)}
    return segment.model_copy(update=times)


def _moment_later(moment: Moment, delay: timedelta) -> Moment:
    """Through UTC: clocks may change in between."""
    utc = (moment.utc + delay).astimezone(UTC)
    return Moment(local=utc.astimezone(ZoneInfo(moment.zone)).replace(tzinfo=None), zone=moment.zone, utc=utc)
