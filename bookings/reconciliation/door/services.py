"""What a partner's key may do: take statements in, accept or decline them, and say what becomes of discrepancies."""

from collections.abc import Callable

from bookings.catalogue import modes
from bookings.reconciliation import mappings, services, uploading
from bookings.reconciliation.door import queries
from bookings.reconciliation.door.schemas import (
    AcceptStatement,
    ColumnMappingView,
    CreateColumnMapping,
    CreateStatement,
    DayFormat,
    DeclineStatement,
    DiscrepancyView,
    PartnerAction,
    ResolveDiscrepancy,
    RunView,
    StatementRequest,
    StatementView,
)
from bookings.reconciliation.mappings import Names
from bookings.reconciliation.models import Format
from bookings.reconciliation.receiving import Taken, told_beside
from bookings.reconciliation.resolution import ending
from bookings.reconciliation.resolution import services as resolution
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.services import Kept, Sender
from movmo.operations import card_numbers
from movmo.operations.context import Context
from movmo.operations.reasons import REASON, reason_of

STEPS: dict[PartnerAction, Callable[..., object]] = {
    PartnerAction.INVESTIGATE: resolution.investigate,
    PartnerAction.DISPUTE: resolution.dispute,
    PartnerAction.ACCEPT_THEIRS: ending.accept_theirs,
    PartnerAction.WRITE_OFF: ending.write_off,
    PartnerAction.CLOSE: ending.close,
    PartnerAction.REOPEN: resolution.reopen,
}

DATE_FORMATS = {one: one.value.replace("yyyy", "%Y").replace("mm", "%m").replace("dd", "%d") for one in DayFormat}


def take(ctx: Context, request: CreateStatement) -> Taken:
    """Before the transaction: the file is unpacked and kept, which takes as long as it is long."""
    modes.provider(ctx.caller, request.provider)
    about = Kept(
        file_name=request.file_name,
        period_start=request.period_start,
        period_end=request.period_end,
        format=Format(request.format.value),
        mapping_id=request.mapping_id,
        control=told_beside(request.lines, request.opening, request.closing),
    )
    file = uploading.of_base64(request.content)
    sender = Sender(provider=request.provider, partner_id=ctx.partner_id)
    return services.take(file, about, by=sender, auto_accept=request.auto_accept)


def create(ctx: Context, taken: Taken) -> StatementView:
    return queries.statement_view(services.write_down(taken, now=ctx.now, statement_id=ctx.resource_id))


def accept(ctx: Context, request: AcceptStatement) -> StatementView:
    row = queries.statement(ctx, request.statement_id)
    accepted = services.accept(row, by=None, now=ctx.now, without_bad_lines=request.without_bad_lines)
    return queries.statement_view(accepted)


def decline(ctx: Context, request: DeclineStatement) -> StatementView:
    row = queries.statement(ctx, request.statement_id)
    return queries.statement_view(services.decline(row, reason=_reason(request.reason), now=ctx.now))


def save_mapping(ctx: Context, request: CreateColumnMapping) -> ColumnMappingView:
    modes.provider(ctx.caller, request.provider)
    names = Names(
        columns=request.columns,
        kinds=request.kinds,
        delimiter=request.delimiter.value,
        decimal_comma=request.decimal_comma,
        date_format=DATE_FORMATS[request.date_format],
    )
    saved = mappings.save(
        request.name,
        names,
        provider=request.provider,
        partner_id=ctx.partner_id,
        now=ctx.now,
        mapping_id=ctx.resource_id,
    )
    return queries.mapping_view(saved)


def compare(ctx: Context, request: StatementRequest) -> RunView:
    made = services.run(queries.statement(ctx, request.statement_id), by=None, now=ctx.now)
    return queries.run_view(made)


def resolve(ctx: Context, request: ResolveDiscrepancy) -> DiscrepancyView:
    row = queries.discrepancy(ctx, request.discrepancy_id)
    reason = _reason(request.reason)
    by = By(partner_id=ctx.partner_id, door=ctx.caller.door, request_id=ctx.caller.request_id)
    if request.action is PartnerAction.NOTE:
        resolution.comment(row.pk, text=reason, by=by, now=ctx.now)
    else:
        STEPS[request.action](row.pk, reason=reason, by=by, now=ctx.now)
    return queries.discrepancy_view(queries.discrepancy(ctx, row.pk))


def _reason(typed: str) -> str:
    card_numbers.refuse(typed, REASON)
    return reason_of(typed)
