"""`manage.py resolve_bookings`: drive every open booking on, as a worker would."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from bookings.booking import queries, saga
from movmo.kit import clock


class Command(BaseCommand):
    help = "Look up bookings whose outcome is unknown or pending, and submit those that were never sent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=1000, help="At most so many bookings (default 1000).")

    def handle(self, *args: Any, **options: Any) -> None:
        for booking in queries.open_bookings(now=clock.now(), limit=options["limit"]):
            after = saga.resume(booking, now=clock.now())
            self.stdout.write(f"{booking.id} {booking.state} → {after.state} {after.locator}".rstrip())
