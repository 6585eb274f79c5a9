"""`manage.py import_statement sandbox march.csv 2027-03-01 2027-03-31`: a file that is too long for a page.

It is read and staged as one that was uploaded: a person looks at the preview in the back office and accepts it.
"""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.providers import registry
from bookings.reconciliation import services, uploading
from bookings.reconciliation.models import Format, Statement
from bookings.reconciliation.receiving import told_beside
from bookings.reconciliation.services import Kept, Sender
from movmo.kit import clock
from movmo.kit.errors import DomainError


class Command(BaseCommand):
    help = "Take in a provider's statement from a file of this machine, plain or compressed with gzip."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", help="The provider's name, such as sandbox.")
        parser.add_argument("file", type=Path, help="The file.")
        parser.add_argument("first_day", type=date.fromisoformat, help="The first day that it is about, yyyy-mm-dd.")
        parser.add_argument("last_day", type=date.fromisoformat, help="The last day that it is about, yyyy-mm-dd.")
        parser.add_argument("--format", choices=[one.value for one in Format], default=Format.CSV.value)
        parser.add_argument("--mapping", type=UUID, help="The id of a column mapping, for the format mapped.")
        parser.add_argument("--lines", type=int, help="How many lines it has below its header.")

    def handle(self, *args: Any, **options: Any) -> None:
        about = Kept(
            file_name=options["file"].name,
            period_start=options["first_day"],
            period_end=options["last_day"],
            format=Format(options["format"]),
            mapping_id=options["mapping"],
            control=told_beside(options["lines"]),
        )
        try:
            registry.provider(options["provider"])
            received = self._received(options["file"], about, Sender(provider=options["provider"]))
        except OSError as failure:
            raise CommandError(f"{options['file']} cannot be read: {failure.strerror}") from None
        except DomainError as refusal:
            raise CommandError(f"{refusal.text} {refusal.hint}") from None
        self.stdout.write(f"{received.pk} {received.state}: a worker reads it; accept it in the back office.")

    def _received(self, path: Path, about: Kept, by: Sender) -> Statement:
        """One that is too long even as it lies there is refused by its length."""
        with path.open("rb") as file:
            return services.receive(
                uploading.opened(file), about, by=by, now=clock.now(), declared_bytes=path.stat().st_size
            )
