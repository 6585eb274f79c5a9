"""Work that has to follow a change: a row written in the change's own transaction, found by any worker afterwards.

A row names its topic, and its payload holds ids and nothing else. Each topic has one handler. Effects happen at least
once and carry stable ids: a worker that dies between the effect and its mark does it again. `dedup` keeps one effect
from being ordered twice.

    put      in the transaction of the change
    claim    UPDATE … WHERE id IN (SELECT …) with the condition repeated outside, for a lease; the fence tells whose
    handle   the topic's handler does the work
    settle   compare-and-swap on the fence: done, or due again later; after MOST_ATTEMPTS it waits for a person
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

import structlog
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from movmo.kit.clock import now as clock_now
from movmo.operations import nudge
from movmo.operations.models import Outbox

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
BATCH = 500
MOST_ATTEMPTS = 12
LONGEST_PAUSE = timedelta(hours=1)

Handler = Callable[[Sequence[Outbox]], None]
"""Does the work of rows of one topic, all or none. Raises whatever went wrong: they come again later."""

_handlers: dict[str, Handler] = {}
_singly: set[str] = set()


def register(topic: str, handler: Handler, *, singly: bool = False) -> None:
    """Called at start-up by the room that knows the topic. `singly`: each row by itself, because effects leave us."""
    _handlers[topic] = handler
    _singly.discard(topic)
    if singly:
        _singly.add(topic)


def put(topic: str, dedup: str, *, at: datetime, **payload: str) -> None:
    """Order the work, in the transaction of the change that it follows. Ordered before under `dedup`: nothing."""
    put_all(topic, {dedup: payload}, at=at)


def put_all(topic: str, wanted: Mapping[str, dict[str, str]], *, at: datetime) -> None:
    """The same for several: payloads by `dedup`."""
    rows = [
        Outbox(topic=topic, dedup=dedup, payload=payload, due_at=at, created_at=at) for dedup, payload in wanted.items()
    ]
    Outbox.objects.bulk_create(rows, ignore_conflicts=True)
    nudge.after_commit("outbox")


def drain(*, most: int = 10_000) -> int:
    """Do what is due, batch by batch, until nothing is left or `most` rows were handled. Returns how many."""
    handled = 0
    while handled < most:
        rows = claim(limit=min(BATCH, most - handled), now=clock_now())
        if not rows:
            break
        for topic in sorted({row.topic for row in rows}):
            _handle(topic, [row for row in rows if row.topic == topic])
        handled += len(rows)
    return handled


def claim(*, limit: int, now: datetime) -> list[Outbox]:
    """Rows that are due, taken for LEASE. No row goes to two claimers: the condition stands outside, too."""
    due = "state = 'ready' AND due_at <= %s AND (lease_until IS NULL OR lease_until <= %s)"
    statement = f"""
        UPDATE outbox SET fence = fence + 1, attempts = attempts + 1, lease_until = %s
        WHERE id IN (SELECT id FROM outbox WHERE {due} ORDER BY due_at, id LIMIT %s) AND {due}
        RETURNING id
    """  # noqa: S608  (our own text)
    at, until = (Outbox._meta.get_field("due_at").get_db_prep_value(one, connection) for one in (now, now + LEASE))
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(statement, [until, at, at, limit, at, at])
        ids = [row[0] for row in cursor.fetchall()]
    return list(Outbox.objects.filter(pk__in=ids).order_by("id"))


def _handle(topic: str, rows: list[Outbox]) -> None:
    handler = _handlers.get(topic)
    if handler is None:
        log.error("outbox.no_handler", topic=topic, rows=len(rows))
        return _again(rows, reason="no handler")
    for some in [[row] for row in rows] if topic in _singly else [rows]:
        try:
            handler(some)
        except Exception as failure:
            # Whatever it was, the rows come again, and the others go on.
            log.exception("outbox.failed", topic=topic, rows=len(some))
            _again(some, reason=type(failure).__name__)
        else:
            done(some)
    return None


def done(rows: Sequence[Outbox]) -> None:
    """The effect has happened."""
    _mine(rows).update(state=Outbox.State.DONE, lease_until=None)


def _again(rows: Sequence[Outbox], *, reason: str) -> None:
    """Later, each time a little more; in the end they wait for a person."""
    for row in rows:
        given_up = row.attempts >= MOST_ATTEMPTS
        if given_up:
            log.error("outbox.given_up", topic=row.topic, id=str(row.pk), reason=reason)
        pause = min(timedelta(seconds=2**row.attempts), LONGEST_PAUSE)
        after = Outbox.State.GIVEN_UP if given_up else Outbox.State.READY
        _mine([row]).update(state=after, lease_until=None, due_at=clock_now() + pause, reason=reason[:80])


def _mine(rows: Sequence[Outbox]) -> QuerySet[Outbox]:
    """Of these rows those that nobody else has claimed meanwhile."""
    claims = (
        Q(pk__in=[row.pk for row in rows if row.fence == fence], fence=fence) for fence in {r.fence for r in rows}
    )
    return Outbox.objects.filter(reduce(or_, claims), state=Outbox.State.READY)
