"""`manage.py delete_account ana@example.com --yes`: forget a person."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from movmo.accounts.models import User
from movmo.accounts.privacy import services as privacy
from movmo.kit import clock


class Command(BaseCommand):
    help = "Delete a person's account. Bookings stay without who travelled; nothing else can be brought back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="The account's e-mail address.")
        parser.add_argument("--yes", action="store_true", help="Really do it.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"There is no account of {options['email']}.")
        if not options["yes"]:
            raise CommandError("This cannot be undone. Repeat the command with --yes.")
        try:
            privacy.delete(user, now=clock.now(), door="command")
        except privacy.AccountBusy as refusal:
            raise CommandError(f"{refusal.text} {refusal.hint}") from None
        self.stdout.write("The account is deleted.")
