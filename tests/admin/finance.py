"""Clerks with roles, and the pages on which they reconcile."""

import re
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group
from django.contrib.contenttypes.management import create_contenttypes
from django.test import Client
from django.urls import reverse

from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import ColumnMapping, Discrepancy, Rules, Run, Statement
from bookings.reconciliation.pull.models import PulledDay
from bookings.reconciliation.resolution.models import Adjustment, Countersignature
from movmo import roles
from movmo.accounts.models import User
from tests.office import clerk_with_app, entered

WHY = "the airline has explained it"
LISTS: list[Any] = [
    Statement,
    Run,
    Discrepancy,
    Countersignature,
    Adjustment,
    PulledDay,
    Rules,
    ColumnMapping,
    PeriodLock,
]


def clerk(role: str, email: str) -> tuple[User, Client]:
    _roles_are_there()
    person = clerk_with_app(email, is_superuser=False)
    person.groups.set([Group.objects.get(name=role)])
    return person, entered(Client(), person)


def _roles_are_there() -> None:
    """As `migrate` leaves them: a test that commits empties the tables."""
    if Group.objects.exists():
        return
    for app in apps.get_app_configs():
        create_contenttypes(app)
        create_permissions(app, verbosity=0)
    roles.after_migrating(using="default", apps=apps)


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:bookings_{name}", args=args)


def press(office: Client, address: str, **typed: str) -> Any:
    """As somebody does who opens the page and sends what it asks for at once."""
    return office.post(address, {**shown_by(office, address), **typed}, follow=True)


def shown_by(office: Client, address: str) -> dict[str, str]:
    """What the page carries of the row that it shows."""
    found = re.search(r'name="seen" value="(\d+)"', office.get(address).content.decode())
    return {"seen": found[1]} if found else {}


def act(office: Client, one: Discrepancy, action: str, **typed: str) -> Any:
    return press(office, page("discrepancy_act", one.pk, action), **{"reason": WHY, **typed})
