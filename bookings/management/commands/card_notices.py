"""`manage.py card_notices`: tell people whose cards end this month or the next, once for each card."""

from typing import Any

from django.core.management.base import BaseCommand

from bookings.payment_method import services
from movmo.kit import clock


class Command(BaseCommand):
    help = "Write to people whose cards expire soon. Workers do it daily."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{services.tell_of_expiring(now=clock.now())} letters")
