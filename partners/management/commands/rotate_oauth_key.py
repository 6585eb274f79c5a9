"""`manage.py rotate_oauth_key`: a new key for access tokens; `--retire` takes away those that are no longer needed."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from movmo.kit import clock
from partners.oauth import keys


class Command(BaseCommand):
    help = "Put a new signing key in front of the old ones, which go on verifying. Restart every process afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--retire", action="store_true", help="Make none; delete the keys that stopped signing more than a day ago."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._retire() if options["retire"] else self._rotate()
        except keys.NotKept as failure:
            raise CommandError(str(failure)) from None

    def _rotate(self) -> None:
        new, *old = keys.rotate(now=clock.now())
        self.stdout.write(f"New key {new.kid}: it signs once every process has been restarted. Do that today.")
        self.stdout.write(f"Still verified: {', '.join(key.kid for key in old)}")

    def _retire(self) -> None:
        gone = keys.retire(now=clock.now())
        for key in gone:
            self.stdout.write(f"Deleted key {key.kid}; running processes know it until they are restarted.")
        if not gone:
            self.stdout.write("No key to delete: none was replaced, by this command, more than a day and an hour ago.")
