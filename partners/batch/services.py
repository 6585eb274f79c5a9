"""Take batches in, take them back, and forget them. Running them is `running`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from movmo.kit.ids import new_id
from movmo.operations import nudge
from movmo.operations.context import Context
from partners.batch import claiming, queries, running
from partners.batch.accepting import Accepted
from partners.batch.models import Batch, BatchLine
from partners.batch.refusals import MOST_OPEN, BatchesFull
from partners.batch.schemas import BatchRequest, BatchView
from partners.batch.states import OPEN, BatchState
from partners.partner.models import Partner

LIFE = timedelta(days=7)
"""After so long a batch is cancelled by us: its tokens are dead, and what it was for is past."""
PARTNER, MOVMO = "partner", "movmo"
AT_ONCE = 1_000


def create(ctx: Context, accepted: Sequence[Accepted]) -> BatchView:
    """Raises BatchesFull."""
    _refuse_too_many(ctx)
    batch = Batch(
        id=ctx.resource_id,
        partner_id=ctx.partner_id,
        api_key_id=ctx.caller.api_key_id,
        is_live=bool(ctx.caller.is_live_key),
        lines=len(accepted),
        created_at=ctx.now,
    )
    batch.save(force_insert=True)
    rows = [
        BatchLine(id=new_id(), batch=batch, number=one.number, operation=one.operation, user_id=one.user_id,
                  content=one.content)
        for one in accepted
    ]  # fmt: skip
    BatchLine.objects.bulk_create(rows, batch_size=AT_ONCE)
    nudge.after_commit(running.QUEUE)
    return queries.view(batch)


def _refuse_too_many(ctx: Context) -> None:
    """One after the other for a partner: else many at once would each be the last that fits."""
    Partner.objects.select_for_update(no_key=True).filter(pk=ctx.partner_id).values_list("pk").first()
    if queries.mine(ctx).filter(state__in=OPEN).count() >= MOST_OPEN:
        raise BatchesFull(limit=MOST_OPEN, retry_after=60)


def cancel(ctx: Context, request: BatchRequest) -> BatchView:
    """One that is at its end stays as it is. Raises NotFound."""
    batch = queries.owned(ctx, request.batch_id)
    _take_back(batch, by=PARTNER, now=ctx.now)
    batch.refresh_from_db()
    return queries.view(batch)


def _take_back(batch: Batch, *, by: str, now: datetime) -> None:
    """In the transaction that is open."""
    running_now = Batch.objects.filter(pk=batch.pk, state=BatchState.RUNNING)
    if not running_now.update(state=BatchState.CANCELLING, ended_by=by, due_at=None, waits_for=""):
        return
    claiming.skip_unbegun(batch, now=now)


def end_overdue(*, now: datetime) -> int:
    """Returns how many were cancelled."""
    overdue = list(Batch.objects.filter(state=BatchState.RUNNING, created_at__lte=now - LIFE))
    for batch in overdue:
        with transaction.atomic(durable=True):
            _take_back(batch, by=MOVMO, now=now)
    return len(overdue)


def purge(*, now: datetime) -> int:
    """Forget what ended RETENTION ago, some lines in each transaction. Returns how many batches."""
    old = Batch.objects.filter(ended_at__lte=now - queries.RETENTION)
    for batch_id in list(old.values_list("pk", flat=True)):
        lines = BatchLine.objects.filter(batch_id=batch_id)
        while found := list(lines.values_list("pk", flat=True)[:AT_ONCE]):
            lines.filter(pk__in=found).delete()
    return old.filter(~Q(rows__isnull=False)).delete()[0]
