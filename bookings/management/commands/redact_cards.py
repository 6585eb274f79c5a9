"""`manage.py redact_cards`: tell the vaults to forget deleted cards that they could not be told of before."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.payment_method import services


class Command(BaseCommand):
    help = "Let the vaults forget deleted cards. To be run regularly."

    def handle(self, *args: Any, **options: Any) -> None:
        done, left = services.sweep()
        self.stdout.write(f"{done} redacted")
        if left:
            raise CommandError(f"{left} could not be redacted; the log says why. The next run tries again.")
