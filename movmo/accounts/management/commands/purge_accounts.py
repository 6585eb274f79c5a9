"""`manage.py purge_accounts`: delete ended sessions, counts of sign-ins and forgotten devices. For once a day."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from movmo.accounts.privacy import purge


class Command(BaseCommand):
    help = "Delete ended sessions, counts of sign-ins, devices not seen for 400 days, and expired cache rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--most", type=int, default=purge.MOST, help="rows of a kind in this run (%(default)s)")

    def handle(self, *args: Any, most: int, **options: Any) -> None:
        for kind, deleted in purge.run(most=most).items():
            self.stdout.write(f"{kind}: {deleted}")
