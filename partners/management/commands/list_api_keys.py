"""`manage.py list_api_keys aviare`: every key, without what opens anything."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from movmo.kit import clock
from partners.api_key.models import ApiKey


class Command(BaseCommand):
    help = "List API keys: partner, hint, state, end, last use, name, id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", nargs="?", help="A partner's slug; without it, everybody's keys.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        keys = ApiKey.objects.select_related("partner").order_by("partner__slug", "created_at")
        if options["partner"]:
            keys = keys.filter(partner__slug=options["partner"])
        for key in keys:
            ends, used = _day(key.expires_at, "never ends"), _day(key.last_used_at, "never used")
            told = (key.partner.slug, key.hint, key.state(now).label, ends, used, key.name, str(key.pk))
            self.stdout.write("  ".join(told))


def _day(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else f"{at:%Y-%m-%d}"
