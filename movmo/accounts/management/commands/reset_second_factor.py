"""`manage.py reset_second_factor <email>`: for a clerk who lost the device and the recovery codes."""

from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser

from movmo.accounts.models import User
from movmo.accounts.office import lockout, second_factor

log = structlog.get_logger()


class Command(BaseCommand):
    help = "Remove a clerk's second factors and recovery codes. At the next sign-in they set up new ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        clerk = User.objects.filter(email=str(options["email"]).strip().lower(), is_staff=True).first()
        if clerk is None:
            raise CommandError(f"There is no clerk with the address {options['email']}.")
        removed = second_factor.reset(clerk)
        lockout.forget(lockout.name_of(clerk, lockout.Way.SECOND_FACTOR))
        log.warning("second_factor.reset", user_id=str(clerk.pk), removed=removed)
        self.stdout.write(
            f"Removed {removed} for {clerk.email}. Their sessions are over, and a letter tells them. "
            "Whoever signs in as them next sets up the new one: make sure it is them."
        )
