"""`manage.py create_api_key aviare --name "production back end"`: prints a new key, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from movmo.kit import clock
from partners.api_key import services
from partners.partner.models import Partner


class Command(BaseCommand):
    help = "Issue an API key for a partner and print it. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", help="The partner's slug.")
        parser.add_argument("--name", default="command line", help="Where the key will be used.")
        parser.add_argument("--test", action="store_true", help="Issue an mvm_test_ key.")
        parser.add_argument("--days", type=int, help="Days until the key expires; without it, never.")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(slug=options["partner"]).first()
        if partner is None:
            raise CommandError(f"There is no partner with the slug {options['partner']!r}.")
        days = options["days"]
        expires_at = None if days is None else clock.now() + timedelta(days=days)
        _, raw = services.issue(partner=partner, name=options["name"], live=not options["test"], expires_at=expires_at)
        self.stdout.write(raw)
