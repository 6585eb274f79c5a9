"""`manage.py resolve_bookings`: drive every open booking on, as a worker would, and look at those that are due."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.booking import queries, steps, sweeping, watching
from bookings.booking.models import Booking
from bookings.booking.states import OPEN
from movmo.kit import clock

log = structlog.get_logger()

Drive = Callable[..., Booking]


class Command(BaseCommand):
    help = (
        "Look up bookings whose outcome is unknown or pending, submit those that were never sent, drive on what was "
        "asked of live ones, give back what was approved for nothing, and look at live bookings whose look is due."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=1000, help="At most so many bookings (default 1000).")

    def handle(self, *args: Any, **options: Any) -> None:
        limit = options["limit"]
        # Whoever calls this has no workers, and nobody else is at it: nothing is left to its caller.
        undriven = sweeping.due(now=clock.now(), limit=limit, callers_own=timedelta())
        owed = [booking.pk for booking in queries.to_give_back(limit=limit)]
        broken = self._each(dict.fromkeys([*undriven, *owed]), sweeping.drive)
        broken += self._each(watching.due(now=clock.now(), limit=limit), watching.look)
        if broken:
            raise CommandError(
                f"{broken} booking(s) could not be driven on; the log says why. The next run tries again."
            )

    def _each(self, booking_ids: Iterable[UUID], drive: Drive) -> int:
        """How many crashed. What became of the others is said, where there was something to become of."""
        broken = 0
        for booking_id in booking_ids:
            before = steps.reload(booking_id)
            try:
                after = drive(booking_id, clock=clock.now)
            except Exception:
                # One booking that cannot be driven (a lock, say) must not keep the others waiting.
                log.exception("booking.resolve_crashed", booking_id=str(booking_id))
                broken += 1
                continue
            if before.state in OPEN or after.state != before.state:
                self.stdout.write(f"{booking_id} {before.state} → {after.state} {after.locator}".rstrip())
        return broken
