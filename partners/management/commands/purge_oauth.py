"""`manage.py purge_oauth`, nightly: deletes what ran out and clients that were registered and never used."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from movmo.kit import clock
from partners.oauth.purge import BATCH, purge


class Command(BaseCommand):
    help = "Delete expired tokens and codes, and self-registered clients that nobody let in for 30 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=BATCH, help="Rows in one transaction.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch takes a number of rows, at least 1.")
        for kind, deleted in purge(now=clock.now(), batch=options["batch"]).items():
            self.stdout.write(f"{deleted} {kind} deleted")
