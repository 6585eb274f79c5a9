"""Reads of exports. Another partner's, the other mode's, and staff's own are not found."""

from uuid import UUID

from django.db.models import QuerySet

from bookings.export import access
from bookings.export.failures import MESSAGES
from bookings.export.models import Export
from bookings.export.schemas import ExportFailure, ExportList, ExportView, Filters, ListExports
from movmo.kit import cursor
from movmo.kit.errors import NotFound
from movmo.operations.context import Context


def reached(ctx: Context) -> "QuerySet[Export]":
    """The exports of the call's partner and its key's mode."""
    return Export.objects.filter(access.of_key(ctx.partner_id, is_live=bool(ctx.caller.is_live_key)))


def owned(ctx: Context, export_id: UUID) -> Export:
    """Raises NotFound."""
    export = reached(ctx).filter(pk=export_id).first()
    if export is None:
        raise NotFound("export")
    return export


def page(ctx: Context, request: ListExports) -> ExportList:
    rows = reached(ctx).order_by("-id")
    if request.status:
        rows = rows.filter(state=request.status)
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    found = list(rows[: request.limit + 1])
    shown, next_cursor = cursor.page(found, request.limit, lambda export: [str(export.pk)])
    return ExportList(data=[view(export) for export in shown], next_cursor=next_cursor)


def view(export: Export) -> ExportView:
    failure = export.failure_code and ExportFailure(code=export.failure_code, message=MESSAGES[export.failure_code])
    return ExportView(
        export_id=export.pk,
        dataset=export.dataset,
        format=export.format,
        status=export.state,
        filters=Filters.model_validate(export.filters),
        rows_written=export.rows_written,
        rows_expected=export.rows_expected,
        as_of=export.as_of,
        row_count=export.row_count,
        bytes=export.byte_count,
        sha256=export.sha256 or None,
        failure=failure or None,
        created_at=export.created_at,
        finished_at=export.finished_at,
        file_expires_at=export.file_expires_at,
    )
