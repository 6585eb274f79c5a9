"""Work that has to follow a change: a row written in the change's own transaction, found by any worker afterwards.

A row names its topic, and its payload holds ids and nothing else. Each topic has one handler. Effects happen at least
once and carry stable ids: a worker that dies between the effect and its mark does it again. `dedup` keeps one effect
from being ordered twice.

    put      in the transaction of the change
    claim    UPDATE … WHERE id IN (SELECT …) with the condition repeated outside, for a lease; the fence tells whose
    handle   the topic's handler does the work; of a batch that fails, the row that is at fault is found by halving
    settle   compare-and-swap on the fence: done, or due again later; after MOST_ATTEMPTS it waits for a person
"""

import time
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
# Effects that leave us are claimed a few at a time: the last of them has to begin while the lease still runs.
FEW = 5
# With the pauses between them about a day: a mail server may be away over night.
MOST_ATTEMPTS = 36
LONGEST_PAUSE = timedelta(hours=1)
# A run ends after so long, well before a worker's time limit; the next one goes on.
LONGEST_RUN_SECONDS = 20.0
KEEP_DONE = timedelta(days=7)

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


def drain() -> int:
    """Do what is due, until nothing is left or the run has lasted long enough. Returns how many rows were handled."""
    handled, ends_at = 0, time.monotonic() + LONGEST_RUN_SECONDS
    while time.monotonic() < ends_at:
        rows = claim(limit=BATCH, now=clock_now()) + claim_few(now=clock_now())
        if not rows:
            break
        for topic in sorted({row.topic for row in rows}, key=lambda topic: (topic in _singly, topic)):
            _handle(topic, [row for row in rows if row.topic == topic])
        handled += len(rows)
    return handled


def claim(*, limit: int, now: datetime, singly: bool = False) -> list[Outbox]:
    """Rows that are due, taken for LEASE: of topics that are done singly, or of all others.

    No row goes to two claimers: the condition stands outside, too. Where rows can be locked one by one, a second
    claimer passes over those that a first is just taking, instead of waiting for them in vain. MATERIALIZED, because
    PostgreSQL may otherwise choose anew for each row, and take more than `limit`.
    """
    topics = sorted(_singly) or [""]
    among = f"topic {'' if singly else 'NOT '}IN ({', '.join(['%s'] * len(topics))})"
    due = f"state = 'ready' AND due_at <= %s AND (lease_until IS NULL OR lease_until <= %s) AND {among}"
    passing = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    statement = f"""
        WITH chosen AS MATERIALIZED (SELECT id FROM outbox WHERE {due} ORDER BY due_at, id LIMIT %s {passing})
        UPDATE outbox SET fence = fence + 1, attempts = attempts + 1, lease_until = %s
        WHERE id IN (SELECT id FROM chosen) AND {due}
        RETURNING *
    """  # noqa: S608  (our own text)
    at, until = (Outbox._meta.get_field("due_at").get_db_prep_value(one, connection) for one in (now, now + LEASE))
    with transaction.atomic(durable=True):
        rows = list(Outbox.objects.raw(statement, [at, at, *topics, limit, until, at, at, *topics]))
    return sorted(rows, key=lambda row: row.pk)


def claim_few(*, now: datetime) -> list[Outbox]:
    """Rows that are done singly, unless other workers have enough of them in hand: a mail server that does not answer
    must not keep all workers waiting."""
    in_hand = Outbox.objects.filter(topic__in=_singly, state=Outbox.State.READY, lease_until__gt=now)
    return claim(limit=FEW, now=now, singly=True) if in_hand.count() <= FEW else []


def _handle(topic: str, rows: list[Outbox]) -> None:
    spent = [row for row in rows if row.attempts > MOST_ATTEMPTS]
    if spent:
        # Their workers died on them each time, so nobody came to give them up.
        _again(spent, reason="worker lost")
    left = [row for row in rows if row.attempts <= MOST_ATTEMPTS]
    handler = _handlers.get(topic)
    if handler is None:
        log.error("outbox.no_handler", topic=topic, rows=len(left))
        return _again(left, reason="no handler")
    if topic not in _singly:
        return _try(handler, left) if left else None
    for row in left:
        if _mine([row]).update(lease_until=clock_now() + LEASE):
            _try(handler, [row])
    return None


def _try(handler: Handler, rows: list[Outbox]) -> None:
    try:
        handler(rows)
    except Exception as failure:
        if len(rows) > 1:
            middle = len(rows) // 2
            _try(handler, rows[:middle])
            _try(handler, rows[middle:])
            return
        # Whatever it was, the row comes again, and the others go on.
        log.exception("outbox.failed", topic=rows[0].topic, id=str(rows[0].pk))
        _again(rows, reason=type(failure).__name__)
    else:
        _mine(rows).update(state=Outbox.State.DONE, lease_until=None, reason="")


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


def put_back(row: Outbox, *, now: datetime) -> bool:
    """A person lets a row that was given up be tried again, from the beginning. False if somebody else did."""
    given_up = Outbox.objects.filter(pk=row.pk, state=Outbox.State.GIVEN_UP)
    is_back = bool(given_up.update(state=Outbox.State.READY, attempts=0, due_at=now, reason=""))
    if is_back:
        nudge.after_commit("outbox")
    return is_back


def tidy(*, now: datetime) -> int:
    """Delete what was done long ago, in short transactions. Returns how many rows."""
    old = Outbox.objects.filter(state=Outbox.State.DONE, created_at__lt=now - KEEP_DONE)
    deleted = 0
    while found := list(old.values_list("pk", flat=True)[:BATCH]):
        deleted += old.filter(pk__in=found).delete()[0]
    return deleted
