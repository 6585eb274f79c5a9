"""The outbox in one process: events written, then published for one webhook endpoint that wants them all.

    python -m tests.bench.outbox_costs <rows>      prints a JSON `OutboxCosts`

Against it the least that an outbox is: the same rows claimed and marked in batches by two bare statements.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.db import connection, transaction

from bookings.booking.events import OF_STATE, BookingEvent
from bookings.booking.states import State
from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations import events, outbox
from movmo.operations.context import Door
from movmo.operations.events import Subject
from movmo.operations.models import Outbox
from partners import authentication
from tests import factories
from tests.bench.cast import dispatch_as
from tests.bench.records import OutboxCosts

LIFE = (State.RESERVED, State.SUBMITTING, State.UNKNOWN, State.PENDING)
"""States that no letter tells of: how fast a mail server is, is not measured here."""
WRITTEN_AT_ONCE = 300


def main(rows: int) -> None:
    factories.plan(rate=1_000_000, burst=1_000_000)
    aviare = factories.partner()
    caller = authentication.authenticate(
        door=Door.REST, api_key=factories.api_key(aviare), bearer=None, request_id="bench"
    )
    dispatch_as(caller, "create_webhook_endpoint", url="https://hooks.example.com/movmo")
    Outbox.objects.all().delete()  # what other parts have left
    subjects = [Subject(new_id(), aviare.pk, None, is_live=False) for _ in range(rows // len(LIFE))]
    for first in range(0, len(subjects), WRITTEN_AT_ONCE):
        _write(subjects[first : first + WRITTEN_AT_ONCE])
    written = Outbox.objects.count()
    ours = _timed(_drain)
    left = Outbox.objects.exclude(state=Outbox.State.DONE).count()
    Outbox.objects.update(state=Outbox.State.READY, lease_until=None)
    bare = _timed(_claim_and_mark)
    sys.stdout.write(json.dumps(asdict(OutboxCosts(written, left, written / ours, written / bare))) + "\n")


def _write(subjects: list[Subject]) -> None:
    with transaction.atomic():
        for subject in subjects:
            happened = [(OF_STATE[state], BookingEvent(booking_id=subject.id, status=state)) for state in LIFE]
            events.write(subject, happened, after=0, at=clock.now())


def _drain() -> None:
    while outbox.drain():
        pass


def _claim_and_mark() -> None:
    """Only what cannot be left out: take some of what is due, and write down that it is done."""
    field = Outbox._meta.get_field("due_at")
    claim = """
        UPDATE outbox SET fence = fence + 1, lease_until = %s
        WHERE id IN (SELECT id FROM outbox WHERE state = 'ready' AND lease_until IS NULL ORDER BY due_at, id LIMIT %s)
        RETURNING id
    """
    until = field.get_db_prep_value(clock.now() + timedelta(minutes=1), connection)
    with connection.cursor() as cursor:
        while True:
            cursor.execute(claim, [until, outbox.BATCH])
            ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                return
            places = ", ".join(["%s"] * len(ids))
            cursor.execute(f"UPDATE outbox SET state = 'done' WHERE id IN ({places})", ids)


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(int(sys.argv[1]))
