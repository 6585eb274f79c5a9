"""Print every operation that was ever published, with its sunset, for the committed `published.json`."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from movmo.operations import published


class Command(BaseCommand):
    help = "Print every operation that was ever published as JSON."
    requires_system_checks = []  # it is how the file that they read comes up to date

    def handle(self, *args: Any, **options: Any) -> None:
        told = {name: sunset.isoformat() if sunset else None for name, sunset in published.updated().items()}
        self.stdout.write(json.dumps(told, indent=2))
