"""Staff let work that was given up be tried again, and it is written down who did."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from movmo.kit import clock
from movmo.operations.models import Outbox
from tests.office import clerk_with_app, entered

LIST = "/admin/operations/outbox/"


def _row(name: str, state: str) -> Outbox:
    now = clock.now()
    return Outbox.objects.create(
        topic="parcel", dedup=name, state=state, attempts=12, reason="RuntimeError", due_at=now, created_at=now
    )


def _try_again(office: Client, *rows: Outbox) -> None:
    office.post(LIST, {"action": "try_again", "_selected_action": [str(row.pk) for row in rows]})


def _states() -> dict[str, tuple[str, int]]:
    return {row.dedup: (row.state, row.attempts) for row in Outbox.objects.all()}


@pytest.mark.django_db
def test_what_was_given_up_is_put_back_and_written_down(client: Client) -> None:
    chief = clerk_with_app()
    given_up, done = _row("a", "given_up"), _row("b", "done")
    _try_again(entered(client, chief), given_up, done)
    assert _states() == {"a": ("ready", 0), "b": ("done", 12)}
    entry = LogEntry.objects.get(object_id=str(given_up.pk))
    assert (entry.user_id, entry.get_change_message()) == (chief.pk, "Put back after it was given up: RuntimeError")
    assert not LogEntry.objects.filter(object_id=str(done.pk)).exists()


@pytest.mark.django_db
def test_who_may_only_look_changes_nothing(client: Client) -> None:
    clerk = clerk_with_app()
    clerk.is_superuser = False
    clerk.save(update_fields=["is_superuser"])
    clerk.user_permissions.add(Permission.objects.get(codename="view_outbox"))
    given_up = _row("a", "given_up")
    office = entered(client, clerk)
    assert office.get(LIST).status_code == 200
    _try_again(office, given_up)
    assert _states() == {"a": ("given_up", 12)}
