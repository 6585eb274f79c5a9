"""`manage.py resolve_bookings`: drive every open booking on, as a worker would."""

from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.booking import paying, queries, saga
from movmo.kit import clock

log = structlog.get_logger()


class Command(BaseCommand):
    help = "Look up bookings whose outcome is unknown or pending, and submit those that were never sent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=1000, help="At most so many bookings (default 1000).")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for booking in queries.open_bookings(now=clock.now(), limit=options["limit"]):
            try:
                after = saga.resume(booking, clock=clock.now)
            except Exception:
                # One booking that cannot be driven (a lock, say) must not keep the others waiting.
                log.exception("booking.resolve_crashed", booking_id=str(booking.id))
                broken += 1
            else:
                self.stdout.write(f"{booking.id} {booking.state} → {after.state} {after.locator}".rstrip())
        for booking in queries.to_give_back(limit=options["limit"]):
            try:
                paying.give_back(booking, clock=clock.now)
            except Exception:
                # As above: nobody waits for the money of somebody else's booking. It counts, and the command fails.
                log.exception("payment.give_back_crashed", booking_id=str(booking.id))
                broken += 1
        if broken:
            raise CommandError(
                f"{broken} booking(s) could not be driven on; the log says why. The next run tries again."
            )
