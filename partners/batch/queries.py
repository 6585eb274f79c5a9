"""Reads of batches. Another partner's, or one of the other mode, is not found."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import orjson
from django.db.models import QuerySet

from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.operations.context import Context, Stream
from partners.batch.models import Batch, BatchLine
from partners.batch.schemas import BatchList, BatchView, LineView, ListBatches, ListResults, ResultPage
from partners.batch.states import OPEN

RETENTION = timedelta(days=30)
AT_ONCE = 100


def mine(ctx: Context) -> QuerySet[Batch]:
    return Batch.objects.filter(partner_id=ctx.partner_id, is_live=bool(ctx.caller.is_live_key))


def owned(ctx: Context, batch_id: UUID) -> Batch:
    """Raises NotFound."""
    found = mine(ctx).filter(pk=batch_id).first()
    if found is None:
        raise NotFound("batch")
    return found


def page(ctx: Context, request: ListBatches) -> BatchList:
    """Raises CursorInvalid."""
    rows = mine(ctx).order_by("-id")
    if request.status:
        rows = rows.filter(state=request.status)
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    shown, next_cursor = cursor.page(list(rows[: request.limit + 1]), request.limit, lambda batch: [str(batch.pk)])
    return BatchList(data=[view(batch) for batch in shown], next_cursor=next_cursor)


def view(batch: Batch) -> BatchView:
    waits = batch.state in OPEN and batch.waits_for != ""
    return BatchView(
        batch_id=batch.pk,
        status=batch.state,
        lines=batch.lines,
        done=batch.done,
        refused=batch.refused,
        skipped=batch.skipped,
        progress=round(batch.settled / batch.lines, 4),
        waits_for=batch.waits_for if waits else None,
        waits_until=batch.due_at if waits else None,
        created_at=batch.created_at,
        ended_at=batch.ended_at,
        results_until=batch.ended_at and batch.ended_at + RETENTION,
    )


def results(ctx: Context, request: ListResults) -> ResultPage:
    """By line number, those that wait too. Raises NotFound or CursorInvalid."""
    rows = _asked_for(ctx, request)
    shown, next_cursor = cursor.page(list(rows[: request.limit + 1]), request.limit, lambda line: [line.number])
    return ResultPage(data=[_told(line) for line in shown], next_cursor=next_cursor)


def all_results(ctx: Context, request: ListResults) -> Stream:
    """All of them behind the cursor, each as it is when its turn comes. Raises NotFound or CursorInvalid."""
    return Stream(rows=_each(_asked_for(ctx, request)))


def _each(lines: QuerySet[BatchLine]) -> Iterator[LineView]:
    """By statements of their own: whoever reads slowly keeps no transaction open."""
    found = list(lines[:AT_ONCE])
    while found:
        yield from map(_told, found)
        found = list(lines.filter(number__gt=found[-1].number)[:AT_ONCE])


def _asked_for(ctx: Context, request: ListResults) -> QuerySet[BatchLine]:
    """Raises NotFound or CursorInvalid."""
    rows = BatchLine.objects.filter(batch=owned(ctx, request.batch_id)).order_by("number").defer("content")
    if request.status:
        rows = rows.filter(state=request.status)
    return rows.filter(number__gt=_number(request.cursor)) if request.cursor else rows


def _number(text: str) -> int:
    match cursor.decode(text):
        case [int(number)] if 0 < number < 2**31:
            return number
    raise CursorInvalid


def _told(line: BatchLine) -> LineView:
    result = line.result
    return LineView(
        line=line.number,
        operation=line.operation,
        status=line.state,
        status_code=line.status,
        result=None if result is None else orjson.loads(result),
    )
