"""Reads of a partner: its own statements and what was found in them, of the providers that its key reaches."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from bookings.catalogue import modes
from bookings.offer.schemas import MoneyView
from bookings.reconciliation import queries, services
from bookings.reconciliation.door.schemas import (
    BadLineView,
    ColumnMappingList,
    ColumnMappingView,
    DiscrepancyList,
    DiscrepancyView,
    ListColumnMappings,
    ListDiscrepancies,
    ListRuns,
    ListStatements,
    RunList,
    RunView,
    StatementList,
    StatementSummary,
    StatementView,
)
from bookings.reconciliation.models import ColumnMapping, Discrepancy, Run, Statement
from bookings.reconciliation.states import CaseState, Class, StatementState
from movmo.kit import cursor
from movmo.kit.errors import NotFound
from movmo.operations.context import Context


def _statements(ctx: Context) -> QuerySet[Statement]:
    return queries.statements(ctx.partner_id).filter(modes.reached_by(ctx.caller))


def statement(ctx: Context, statement_id: UUID) -> Statement:
    """Raises NotFound."""
    found = _statements(ctx).filter(pk=statement_id).first()
    if found is None:
        raise NotFound("statement")
    return found


def statements(ctx: Context, request: ListStatements) -> StatementList:
    """Raises ProviderUnknown or ProviderNotForKey, for what it names."""
    rows = _statements(ctx)
    if request.provider:
        modes.provider(ctx.caller, request.provider)
        rows = rows.filter(provider=request.provider)
    if request.status:
        rows = rows.filter(state=request.status)
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    shown, next_cursor = cursor.page(list(rows[: request.limit + 1]), request.limit, lambda row: [str(row.pk)])
    return StatementList(data=[StatementSummary(**_told(row)) for row in shown], next_cursor=next_cursor)


def statement_view(row: Statement) -> StatementView:
    errors = [
        BadLineView(line=one.line, column=one.column or None, code=one.code, message=one.message)
        for one in services.preview(row).errors
    ]
    return StatementView(**_told(row), errors=errors)


def _told(row: Statement) -> dict[str, Any]:
    return {
        "statement_id": row.pk,
        "provider": row.provider,
        "file_name": row.file_name,
        "format": row.format,
        "mapping_id": row.mapping_id,
        "status": StatementState(row.state),
        "period_start": row.period_start,
        "period_end": row.period_end,
        "sha256": row.sha256,
        "lines": row.counts.get("lines", 0),
        "bad": row.counts.get("bad", 0),
        "totals": row.totals,
        "problem_code": row.problem_code or None,
        "problem": row.problem or None,
        "accept_until": services.accept_until(row),
        "created_at": row.created_at,
    }


def mappings(ctx: Context, request: ListColumnMappings) -> ColumnMappingList:
    """Raises ProviderUnknown or ProviderNotForKey, for what it names."""
    rows = queries.mappings(ctx.partner_id).filter(modes.reached_by(ctx.caller))
    if request.provider:
        modes.provider(ctx.caller, request.provider)
        rows = rows.filter(provider=request.provider)
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    shown, next_cursor = cursor.page(list(rows[: request.limit + 1]), request.limit, lambda row: [str(row.pk)])
    return ColumnMappingList(data=[mapping_view(row) for row in shown], next_cursor=next_cursor)


def mapping_view(row: ColumnMapping) -> ColumnMappingView:
    as_written = row.date_format.replace("%Y", "yyyy").replace("%m", "mm").replace("%d", "dd")
    return ColumnMappingView(
        mapping_id=row.pk,
        provider=row.provider,
        name=row.name,
        is_own=row.partner_id is not None,
        columns=row.columns,
        kinds=row.kinds,
        delimiter=row.delimiter,
        decimal_comma=row.decimal_comma,
        date_format=as_written,
        created_at=row.created_at,
    )


def runs(ctx: Context, request: ListRuns) -> RunList:
    """Raises NotFound, for a statement that it names."""
    rows = queries.runs(ctx.partner_id).filter(statement__in=_statements(ctx).order_by())
    if request.statement_id:
        rows = rows.filter(statement=statement(ctx, request.statement_id))
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    shown, next_cursor = cursor.page(list(rows[: request.limit + 1]), request.limit, lambda run: [str(run.pk)])
    return RunList(data=[run_view(run) for run in shown], next_cursor=next_cursor)


def run(ctx: Context, run_id: UUID) -> RunView:
    """Raises NotFound."""
    found = queries.runs(ctx.partner_id).filter(statement__in=_statements(ctx).order_by(), pk=run_id).first()
    if found is None:
        raise NotFound("run")
    return run_view(found)


def run_view(row: Run) -> RunView:
    return RunView(
        run_id=row.pk,
        statement_id=row.statement_id,
        number=row.number,
        status=row.state,
        counts=row.counts,
        totals=row.totals,
        new=row.new,
        changed=row.changed,
        same=row.same,
        gone=row.gone,
        as_of=row.as_of,
        finished_at=row.finished_at,
    )


def _discrepancies(ctx: Context) -> QuerySet[Discrepancy]:
    return queries.discrepancies(ctx.partner_id).filter(modes.reached_by(ctx.caller))


def discrepancies(ctx: Context, request: ListDiscrepancies) -> DiscrepancyList:
    """Raises NotFound, ProviderUnknown or ProviderNotForKey, for what it names."""
    if request.provider:
        modes.provider(ctx.caller, request.provider)
    if request.statement_id:
        statement(ctx, request.statement_id)
    wanted = {
        "category": request.category,
        "state": request.status,
        "provider": request.provider,
        "statement_id": request.statement_id,
        "booking_id": request.booking_id,
    }
    rows = _discrepancies(ctx).filter(**{name: value for name, value in wanted.items() if value is not None})
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    shown, next_cursor = cursor.page(list(rows[: request.limit + 1]), request.limit, lambda row: [str(row.pk)])
    return DiscrepancyList(data=[discrepancy_view(row) for row in shown], next_cursor=next_cursor)


def discrepancy(ctx: Context, discrepancy_id: UUID) -> Discrepancy:
    """Raises NotFound."""
    found = _discrepancies(ctx).filter(pk=discrepancy_id).first()
    if found is None:
        raise NotFound("discrepancy")
    return found


def discrepancy_view(row: Discrepancy) -> DiscrepancyView:
    return DiscrepancyView(
        discrepancy_id=row.pk,
        statement_id=row.statement_id,
        booking_id=row.booking_id,
        provider=row.provider,
        category=Class(row.category),
        status=CaseState(row.state),
        resolution=row.resolution or None,
        subject=row.subject,
        explanation=row.explanation,
        ours=row.ours,
        theirs=row.theirs,
        at_risk=MoneyView.of(row.at_risk),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
