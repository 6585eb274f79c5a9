"""Everything that should be driven on though nobody asks, found in the database: a lost message costs delay, not work.

What cannot be driven is put off, so that it keeps nobody waiting: those that have waited longest come first.
"""

from datetime import datetime, timedelta
from uuid import UUID

from bookings.booking import paying, queries, saga, steps
from bookings.booking.amendment import queries as amendments
from bookings.booking.amendment import saga as amendment_saga
from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking
from bookings.booking.owing import is_to_be_given_back
from bookings.booking.states import OPEN, State
from bookings.booking.steps import LONGEST_PAUSE, Clock

CALLERS_OWN = timedelta(seconds=15)
"""So long a booking that is not paid for is left to the call that made it, and to those who ask about it. So is what
was asked of a live one: while its bank is slow, no worker asks the bank a second time.
"""
AFTER_A_CRASH = timedelta(minutes=1)
LONGEST_GIVING_BACK_PAUSE = timedelta(hours=1)
PENDING_AT_MOST = timedelta(days=7)


def due(*, now: datetime, limit: int, callers_own: timedelta = CALLERS_OWN) -> list[UUID]:
    """Bookings to drive on, each once: undecided ones, those somebody asked to amend, those with money to give back."""
    undecided = queries.open_bookings(now=now, limit=limit, untouched_since=now - callers_own)
    amended = amendments.open_amendments(now=now, limit=limit, untouched_since=now - callers_own)
    owed = queries.to_give_back(limit=limit, now=now)
    found = [booking.pk for booking in undecided] + [one.booking_id for one in amended] + [one.pk for one in owed]
    return list(dict.fromkeys(found))


def drive(booking_id: UUID, *, clock: Clock) -> Booking:
    """Drive the booking on as far as it goes. One that crashed is put off; the crash is raised."""
    booking = steps.reload(booking_id)
    try:
        return _driven(booking, clock=clock)
    except Exception:
        _put_off(booking, now=clock(), rest=AFTER_A_CRASH)
        raise


def _driven(booking: Booking, *, clock: Clock) -> Booking:
    """Whatever it is, what was approved for nothing is given back in the end."""
    amendment = amendments.under_way(booking)
    if amendment is not None and amendment.state == Amendment.State.OPEN:
        booking = amendment_saga.drive(amendment.pk, clock=clock)
    elif booking.state in OPEN:
        booking = _handed_over(saga.resume(booking, clock=clock), now=clock())
    else:
        booking = paying.give_back(booking, clock=clock)
    if is_to_be_given_back(booking):
        _put_off(booking, now=clock(), rest=_giving_back_pause(booking, now=clock()))
    return booking


def _handed_over(booking: Booking, *, now: datetime) -> Booking:
    """An airline that ponders for longer than any airline does is asked by a person."""
    if booking.state != State.PENDING or now - (booking.submitted_at or booking.created_at) < PENDING_AT_MOST:
        return booking
    return steps.settle(booking, State.MANUAL_REVIEW, now=now, reason="pending for too long")


def _giving_back_pause(booking: Booking, *, now: datetime) -> timedelta:
    """Before the bank is asked again: it grows, but stays short for a hold, which somebody may want to pay for."""
    if booking.state == State.HELD:
        return LONGEST_PAUSE
    return min(max((now - booking.updated_at) / 4, LONGEST_PAUSE), LONGEST_GIVING_BACK_PAUSE)


def _put_off(booking: Booking, *, now: datetime, rest: timedelta) -> None:
    """Unless another has taken it meanwhile."""
    Booking.objects.filter(pk=booking.pk, state=booking.state, fence=booking.fence).update(lease_until=now + rest)
