"""`manage.py create_api_key aviare --live --name "production back end"`: prints a new key, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from movmo.kit import clock
from partners.api_key import services
from partners.partner.models import Partner

LONGEST_DAYS = 3_650


class Command(BaseCommand):
    help = "Issue an API key for a partner and print it. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", help="The partner's slug.")
        parser.add_argument("--name", default="command line", help="Where the key will be used.")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--live", action="store_true", help="An mvm_live_ key, for live providers. It spends money.")
        mode.add_argument("--test", action="store_true", help="An mvm_test_ key, for the sandbox: the default.")
        parser.add_argument("--days", type=int, help="Days until the key expires; without it, never.")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(slug=options["partner"]).first()
        if partner is None:
            raise CommandError(f"There is no partner with the slug {options['partner']!r}.")
        now, days = clock.now(), options["days"]
        if days is not None and days > LONGEST_DAYS:
            raise CommandError(f"--days takes up to {LONGEST_DAYS}; without it the key does not expire.")
        expires_at = None if days is None else now + timedelta(days=days)
        try:
            _, raw = services.issue(
                partner=partner, name=options["name"], now=now, live=options["live"], expires_at=expires_at
            )
        except services.KeyRefused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(raw)
