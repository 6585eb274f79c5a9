"""`manage.py audit_verify`: whether the audit trail is whole and unchanged."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from movmo.kit import clock
from movmo.operations import seals, verification


class Command(BaseCommand):
    help = "Read the whole audit trail again: changed, deleted and missing lines, and ends that were cut off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--heads", type=Path, help="A file of signed heads that were kept elsewhere, one a line.")
        parser.add_argument("--archives", action="store_true", help="Read the files of archived lines again, too.")

    def handle(self, *args: Any, **options: Any) -> None:
        kept = options["heads"].read_text().split() if options["heads"] else []
        began = time.perf_counter()
        seals.seal(now=clock.now())
        verdict = verification.verify(now=clock.now(), heads=kept, archives=options["archives"])
        seconds = time.perf_counter() - began
        self.stdout.write(f"{verdict.lines:,} lines read in {seconds:.1f} s, {verdict.lines / seconds:,.0f} a second")
        for problem in verdict.problems:
            self.stderr.write(str(problem))
        if verdict.problems:
            raise CommandError(f"{len(verdict.problems)} problem(s): the audit trail is not as it was written.")
        self.stdout.write("The audit trail is whole: every line is as it was sealed, and none is missing.")
