"""`manage.py pull_statements sandbox 2027-03-01 2027-03-07`: what a provider sold on these days, asked for now."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.reconciliation.pull.services import pull_now
from movmo.kit import clock
from movmo.kit.errors import DomainError


class Command(BaseCommand):
    help = "Ask a provider for its statements of days that are over, without waiting for the night."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", help="The provider's name, such as sandbox.")
        parser.add_argument("first_day", type=date.fromisoformat, help="The first day, UTC, yyyy-mm-dd.")
        parser.add_argument("last_day", type=date.fromisoformat, nargs="?", help="The last day; without it the first.")
        parser.add_argument("--again", action="store_true", help="Also days whose statements are here already.")

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = options["first_day"], options["last_day"] or options["first_day"]
        try:
            pulled = pull_now(options["provider"], first, last, by=None, clock=clock.now, again=options["again"])
        except DomainError as refusal:
            raise CommandError(f"{refusal.text} {refusal.hint}") from None
        for one in pulled.new:
            self.stdout.write(f"{one.pk} {one.stream} {one.period_start}: a worker reads and compares it.")
        if not pulled.new:
            self.stdout.write("Nothing new: the statements of these days are here already.")
