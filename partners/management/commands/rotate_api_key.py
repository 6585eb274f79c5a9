"""`manage.py rotate_api_key mvm_live_abc…wxyz`: prints a new key in the place of an old one, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from movmo.kit import clock
from partners.api_key import queries, services

LONGEST_DAYS = 365


class Command(BaseCommand):
    help = "Issue a key in the place of another and print it. Both work until the overlap is over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="The old key's hint or id, from list_api_keys; never its text.")
        parser.add_argument(
            "--days", type=int, default=services.OVERLAP.days, help="Days that both work (7); 0 ends the old one now."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] > LONGEST_DAYS:
            raise CommandError(f"--days takes up to {LONGEST_DAYS}.")
        try:
            old = queries.named(options["key"])
            _, raw = services.rotate(old, now=clock.now(), overlap=timedelta(days=options["days"]))
        except (queries.KeyNotFound, services.KeyRefused) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(raw)
        self.stderr.write(f"{old} works until {old.expires_at:%Y-%m-%d %H:%M} UTC.")
