"""`manage.py export_account ana@example.com`: everything known of a person, as JSON."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from movmo.accounts.models import User
from movmo.accounts.privacy import services as privacy


class Command(BaseCommand):
    help = "Write everything known of a person to standard output, as JSON. It is in clear: keep it as such."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="The account's e-mail address.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"There is no account of {options['email']}.")
        self.stdout.write(json.dumps(privacy.export(user, door="command"), indent=2, ensure_ascii=False, default=str))
