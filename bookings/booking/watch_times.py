"""When a live booking is looked at again. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bookings.booking.states import State

FIRST_LOOK, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=10)
"""For tickets that are on their way, and for the end of a hold that is past its deadline. The first is for all."""
FAR_AHEAD, CLOSE_BY = timedelta(hours=1), timedelta(minutes=15)
CLOSE_BY_BEGINS = timedelta(days=2)
AFTER_DEADLINE = timedelta(seconds=5)
LONGEST_SILENCE = timedelta(minutes=30)
"""Between two looks at an airline that does not answer."""


@dataclass(frozen=True, slots=True)
class Journey:
    """When the first flight leaves and the last one lands."""

    departs: datetime
    arrives: datetime

    @classmethod
    def of(cls, *itineraries: Iterable[dict[str, Any]]) -> "Journey":
        """From slices as shown, of an itinerary and perhaps of the one that is to follow it."""
        segments = [segment for slices in itineraries for part in slices for segment in part["segments"]]
        return cls(
            min(datetime.fromisoformat(segment["departing"]["utc"]) for segment in segments),
            max(datetime.fromisoformat(segment["arriving"]["utc"]) for segment in segments),
        )


def next_look(
    state: State,
    journey: Journey,
    *,
    now: datetime,
    booked_at: datetime,
    confirmed_at: datetime | None,
    pay_by: datetime | None,
) -> datetime | None:
    """None once everybody has landed. `confirmed_at` is since when tickets are owed, `pay_by` a hold's deadline.

    What an airline thinks better of, it often does at once: a booking of a few minutes is looked at after as many more.
    """
    if now >= journey.arrives:
        return None
    usual = CLOSE_BY if now >= journey.departs - CLOSE_BY_BEGINS else FAR_AHEAD
    usual = min(usual, max(now - booked_at, FIRST_LOOK))
    if state is State.CONFIRMED:
        return now + _growing(now - (confirmed_at or now))
    if state is State.HELD and pay_by is not None:
        return min(now + usual, pay_by + AFTER_DEADLINE) if now < pay_by else now + _growing(now - pay_by)
    return now + usual


def pause_after(unanswered: int) -> timedelta:
    """Before the next look, after so many that were not answered."""
    return min(FIRST_LOOK * (1 << min(unanswered, 10)), LONGEST_SILENCE)


def _growing(waited: timedelta) -> timedelta:
    return min(max(waited / 4, FIRST_LOOK), LONGEST_WAIT)
