"""Looking at a live order though nobody asked: for its tickets, for changes of schedule, for its end.

A look takes the booking for one call to its airline and writes down what it learned in one step, by the airline. What
the airline does not say is never guessed: a hold lapses when the airline says so, and an airline that cannot be reached
is asked again later, each time a little later. Whoever asks something of the order meanwhile wins: the look then has an
old fence, and stays unwritten.
"""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Exists, F, OuterRef, Q

from bookings.booking import steps
from bookings.booking.actors import AIRLINE
from bookings.booking.amendment import services as amendments
from bookings.booking.amendment.models import Amendment
from bookings.booking.finding import Finding
from bookings.booking.models import Booking
from bookings.booking.provider_call import calling
from bookings.booking.schedule_change import services as schedule_changes
from bookings.booking.states import LIVE, State
from bookings.booking.steps import Clock
from bookings.booking.watch_times import pause_after
from bookings.providers.errors import ProviderFailure
from bookings.providers.types import ProviderOrder
from movmo.operations import nudge

log = structlog.get_logger()


def due(*, now: datetime, limit: int) -> list[UUID]:
    """Bookings to be looked at, those first that have waited longest."""
    rows = Booking.objects.filter(_is_due(now)).order_by("watch_at", "id")
    return list(rows.values_list("pk", flat=True)[:limit])


def look(booking_id: UUID, *, clock: Clock) -> Booking:
    """Ask the airline about a booking whose look is due; another is returned as it stands."""
    now = clock()
    booking = steps.reload(booking_id)
    if not Booking.objects.filter(_is_due(now), pk=booking_id).exists():
        return booking
    # When to look again is set already now, so that a look that dies is put off as well.
    again, looks = now + pause_after(booking.unanswered), F("unanswered") + 1
    claimed = steps.claim(booking, State(booking.state), now=now, watch_at=again, unanswered=looks)
    if claimed is None:
        return steps.reload(booking_id)
    order = _ask(claimed, now=now)
    finding = Finding.of(claimed, order, now=clock()) if order is not None else None
    if finding is None:
        return _let_go(claimed)
    settled = _written_down(claimed, finding, now=clock())
    _leave_to_movmo(settled, now=clock())
    return settled


def _is_due(now: datetime) -> Q:
    """Live, its time has come, and nobody else is asking its airline: an open amendment asks by itself."""
    amended = Amendment.objects.filter(booking=OuterRef("pk"), state=Amendment.State.OPEN)
    return Q(watch_at__lte=now, state__in=LIVE) & steps.free(now) & ~Q(Exists(amended))


def _ask(claimed: Booking, *, now: datetime) -> ProviderOrder | None:
    """None where the airline did not answer, or has no such order: neither says anything about the booking."""
    try:
        order = calling.provider_of(claimed).get_order(claimed.order_id, now=now)
    except ProviderFailure as failure:
        log.warning("booking.watch_unanswered", booking_id=str(claimed.pk), detail=failure.detail)
        return None
    if order is None:
        log.error("booking.order_is_gone", booking_id=str(claimed.pk), order_id=claimed.order_id)
    return order


def _written_down(claimed: Booking, finding: Finding, *, now: datetime) -> Booking:
    """One step for all that was learned. A look that learned nothing leaves no line, and changed nothing."""
    seen: dict[str, Any] = {"unanswered": 0, "watch_at": finding.look_again(now=now)}
    if not finding.is_news:
        return _let_go(claimed, **seen)
    if finding.schedule.fresh:
        seen["is_amended"] = True
    write = partial(steps.settle, claimed, *finding.path) if finding.path else partial(steps.note_facts, claimed)
    return write(
        now=now,
        reason=finding.reason,
        by=AIRLINE,
        also=partial(finding.schedule.write, now=now),
        more=finding.events(),
        **finding.facts,
        **seen,
    )


def _let_go(claimed: Booking, **seen: Any) -> Booking:
    Booking.objects.filter(pk=claimed.pk, fence=claimed.fence).update(lease_until=None, **seen)
    return steps.reload(claimed.pk)


def _leave_to_movmo(booking: Booking, *, now: datetime) -> None:
    """A minor change is accepted by policy. Whatever prevents it, the next look comes to it again."""
    change = schedule_changes.left_to_movmo(booking) if booking.state in LIVE else None
    if change is not None and amendments.accept_by_policy(change, now=now):
        nudge.say("bookings")
