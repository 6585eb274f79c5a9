"""Which lines a worker takes: some of one batch at a time, and of batches the one that has waited longest for its turn.

    claim     UPDATE … WHERE id IN (SELECT …) with the condition repeated outside, for a lease; the fence tells whose
    settle    by the fence, many lines by one statement, with the counts of their batch; the last one ends the batch
    let go    by the fence: what was not begun is free again, as if never taken; of a cancelled batch it is skipped

A worker that dies leaves lines whose lease ends. They are run again, and the idempotency record of a line's key, which
committed with what the line did, answers with what became of it: nothing is done twice.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When

from movmo.kit.encrypted import EncryptedField, Sealed
from partners.batch import events
from partners.batch.models import Batch, BatchLine
from partners.batch.states import END_OF, OPEN, BatchState, LineState

LEASE = timedelta(seconds=60)
AT_ONCE = 50
LONGEST_TURN = timedelta(seconds=45)
"""No worker is at lines for longer that it took at once. A lease that ends sooner is a dead worker's, or a line's that
was put off."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a line. `result` is JSON; nothing where nothing is answered."""

    line: BatchLine
    state: LineState
    status: int | None = None
    code: str = ""
    result: bytes | None = None


def next_batch(*, now: datetime, tried: Collection[UUID] = ()) -> Batch | None:
    """The open batch that may go on and has waited longest for its turn, which it has with this."""
    due = Batch.objects.filter(Q(due_at=None) | Q(due_at__lte=now), state__in=OPEN).exclude(pk__in=tried)
    batch = due.order_by(F("served_at").asc(nulls_first=True), "id").first()
    if batch is not None:
        Batch.objects.filter(pk=batch.pk).update(served_at=now)
    return batch


def turns(*, now: datetime) -> int:
    """How many workers have lines at this moment."""
    taken = BatchLine.objects.filter(state=LineState.WAITING, lease_until__gt=now + LEASE - LONGEST_TURN)
    return taken.values("batch_id", "lease_until").distinct().count()


def claim(batch: Batch, *, now: datetime, most: int = AT_ONCE) -> list[BatchLine]:
    """Lines of the batch that nobody has, taken for LEASE, by number. None goes to two claimers. Of a batch that was
    cancelled those only that may have begun: whether they did, is found out by running them to their end."""
    begun = " AND claims > 0" if batch.state == BatchState.CANCELLING else ""
    free = f"batch_id = %s AND state = 'waiting' AND (lease_until IS NULL OR lease_until <= %s){begun}"
    passing = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    statement = f"""
        WITH chosen AS MATERIALIZED (SELECT id FROM batch_line WHERE {free} ORDER BY number LIMIT %s {passing})
        UPDATE batch_line SET fence = fence + 1, claims = claims + 1, lease_until = %s
        WHERE id IN (SELECT id FROM chosen) AND {free}
        RETURNING *
    """  # noqa: S608  (our own text)
    field = BatchLine._meta.get_field("lease_until")
    at, until = (field.get_db_prep_value(one, connection) for one in (now, now + LEASE))
    mine = Batch._meta.pk.get_db_prep_value(batch.pk, connection)
    with transaction.atomic(durable=True):
        rows = list(BatchLine.objects.raw(statement, [mine, at, most, until, mine, at]))
    return sorted(rows, key=lambda line: line.number)


def settle(batch: Batch, outcomes: Iterable[Settled], *, now: datetime) -> None:
    """Write down what became of lines, those that somebody else has by now left out, and wipe what they held."""
    rows = [(one.line.pk, one.line.fence, one.state.value, one.status, one.code, _sealed(one)) for one in outcomes]
    if not rows:
        return
    with transaction.atomic(durable=True):
        hold(batch.pk)
        states = Counter(_write(rows, now=now))
        count(batch, now=now, done=states[LineState.DONE], refused=states[LineState.REFUSED])


def hold(*batch_ids: UUID) -> None:
    """To the commit. Whoever writes several lines holds their batches first: else two could wait for one another."""
    rows = Batch.objects.select_for_update(no_key=True).filter(pk__in=batch_ids).order_by("pk")
    list(rows.values_list("pk"))


def _write(rows: Sequence[Sequence[Any]], *, now: datetime) -> list[str]:
    """Settles lines by one statement. Returns the states of those that were ours to settle."""
    told, values = _values(rows, ("id", "fence", "state", "status", "code", "result"))
    statement = f"""
        WITH told (id, fence, state, status, code, result) AS ({told})
        UPDATE batch_line
        SET state = told.state, status = told.status, code = told.code, result = told.result,
            content = NULL, lease_until = NULL, settled_at = %s
        FROM told WHERE batch_line.id = told.id AND batch_line.fence = told.fence AND batch_line.state = 'waiting'
        RETURNING batch_line.state
    """  # noqa: S608  (our own text)
    at = BatchLine._meta.get_field("settled_at").get_db_prep_value(now, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, at])
        return [state for (state,) in cursor.fetchall()]


def _values(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> tuple[str, list[Any]]:
    """Rows of these columns of a line as VALUES, and their parameters. Each has its type: nulls would have none."""
    columns = {field.name: field for field in BatchLine._meta.concrete_fields}
    fields = [columns[name] for name in names]
    row = ", ".join(f"CAST(%s AS {field.rel_db_type(connection)})" for field in fields)
    values = [
        field.get_db_prep_value(one, connection) for cells in rows for field, one in zip(fields, cells, strict=True)
    ]
    return f"VALUES {', '.join([f'({row})'] * len(rows))}", values


def _sealed(one: Settled) -> Sealed | None:
    field = BatchLine._meta.get_field("result")
    assert isinstance(field, EncryptedField)
    return None if one.result is None else Sealed(field.seal(one.result, one.line))


def count(batch: Batch, *, now: datetime, done: int = 0, refused: int = 0, skipped: int = 0) -> None:
    """In the transaction that settles the lines. Whoever settles the last one ends the batch, and tells of it."""
    row = Batch.objects.filter(pk=batch.pk)
    row.update(done=F("done") + done, refused=F("refused") + refused, skipped=F("skipped") + skipped)
    whole = row.filter(lines=F("done") + F("refused") + F("skipped"), state__in=OPEN)
    end = Case(*[When(state=before, then=Value(after.value)) for before, after in END_OF.items()])
    if whole.update(state=end, ended_at=now, due_at=None, waits_for=""):
        events.tell(row.get(), at=now)


def let_go(lines: Collection[BatchLine], *, now: datetime) -> None:
    """Lines of one batch that were taken and not begun. Of one that was cancelled meanwhile they are skipped."""
    if not lines:
        return
    given, values = _values([(line.pk, line.fence) for line in lines], ("id", "fence"))
    statement = f"""
        WITH given (id, fence) AS ({given})
        UPDATE batch_line SET lease_until = NULL, claims = claims - 1
        FROM given WHERE batch_line.id = given.id AND batch_line.fence = given.fence AND batch_line.state = 'waiting'
    """  # noqa: S608  (our own text)
    with transaction.atomic(durable=True):
        batch_id = next(iter(lines)).batch_id
        hold(batch_id)
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
        cancelled = Batch.objects.filter(pk=batch_id, state=BatchState.CANCELLING).first()
        if cancelled is not None:
            skip_unbegun(cancelled, now=now)


def skip_unbegun(batch: Batch, *, now: datetime) -> None:
    """In the transaction that holds the cancelled batch: nobody will take these lines."""
    unbegun = BatchLine.objects.filter(batch=batch, state=LineState.WAITING, claims=0)
    count(batch, now=now, skipped=unbegun.update(state=LineState.SKIPPED, content=None, settled_at=now))


def put_off(line: BatchLine, *, until: datetime) -> None:
    """A line that was begun and met another call: it comes again."""
    _mine(line).update(lease_until=until)


def wait(batch: Batch, *, until: datetime, code: str) -> None:
    """Nothing of the batch is taken before that."""
    Batch.objects.filter(pk=batch.pk, state__in=OPEN).update(due_at=until, waits_for=code)


def _mine(line: BatchLine) -> QuerySet[BatchLine]:
    return BatchLine.objects.filter(pk=line.pk, fence=line.fence, state=LineState.WAITING)
