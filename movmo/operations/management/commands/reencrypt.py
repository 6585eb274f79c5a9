"""`manage.py reencrypt`: after a new key was put into MOVMO_ENCRYPTION_KEYS, encrypt everything with it."""

from typing import Any

from django.core.management.base import BaseCommand

from movmo.operations import reencryption


class Command(BaseCommand):
    help = "Encrypt with the newest key whatever an older one encrypted. May be stopped and repeated at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, counts in reencryption.renewals():
            self.stdout.write(f"{name}: {sum(counts)}")
        self.stdout.write("Done: keys with lower ids are not needed any more.")
