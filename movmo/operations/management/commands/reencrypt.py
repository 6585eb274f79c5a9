"""`manage.py reencrypt`: after a new key was put into MOVMO_ENCRYPTION_KEYS, encrypt everything with it."""

from typing import Any

from django.core.management.base import BaseCommand

from movmo.operations import reencryption


class Command(BaseCommand):
    help = "Encrypt with the newest key whatever an older one encrypted. May be stopped and repeated at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        for field in reencryption.fields():
            written = 0
            for count in reencryption.run(field):
                written += count
            self.stdout.write(f"{field.model._meta.label}.{field.name}: {written}")
        self.stdout.write("Done: keys with lower ids are not needed any more.")
