"""`manage.py card_notices`: tell people whose cards end this month or the next, once for each card."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from bookings.payment_method import queries
from bookings.payment_method.models import PaymentMethod
from movmo.accounts.letter import notices
from movmo.kit import clock


class Command(BaseCommand):
    help = "Write to people whose cards expire soon. To be run daily."

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        told = 0
        for card in queries.expiring(today=now.date()):
            with transaction.atomic():
                if PaymentMethod.objects.filter(pk=card.pk, expiry_notice_at=None).update(expiry_notice_at=now):
                    until = f"{card.exp_month}/{card.exp_year}"
                    notices.card_expiring(card.user, card=f"{card.brand} ending in {card.last4}", until=until)
                    told += 1
        self.stdout.write(f"{told} letters")
