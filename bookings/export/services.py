"""Order exports, make links to them, fetch them, and delete their files in time. Writing them is `making`.

DomainError
├── FilterNotOfDataset   422   the dataset has no such filter
├── BomNotOfFormat       422   a byte order mark is for CSV
├── ExportTooLarge       422   more rows than the format holds
├── ExportsWaiting       429   a partner has MOST_WAITING that are not finished
└── (links)                    what a link may run into
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Model

from bookings.export import access, links, queries, selection, storage
from bookings.export.datasets import DATASETS, Dataset
from bookings.export.links import LIFE, ExportFileGone, ExportNotReady, Maker
from bookings.export.models import Export
from bookings.export.schemas import (
    CreateExport,
    DatasetName,
    ExportRequest,
    ExportView,
    Filters,
    Format,
    LinkView,
    StaffFilters,
)
from bookings.export.states import OPEN, ExportState, before
from bookings.export.writing import MOST_ROWS_OF_XLSX
from movmo.accounts.models import User
from movmo.kit.errors import DomainError, Kind
from movmo.operations import audit, nudge
from movmo.operations.context import Context, Door
from partners.partner.models import Partner

log = structlog.get_logger()

MOST_WAITING = 20
QUEUE = "exports"
LEFT_BEHIND = timedelta(days=1)


class FilterNotOfDataset(DomainError):
    kind = Kind.RULE
    code = "filter_not_of_dataset"
    message = "The dataset {dataset} has no filter {filter}."
    hint = "Leave it out, or use one of the filters in `known`; nothing was ordered."
    example = {"dataset": "usage", "filter": "status", "known": ["operation", "since", "until"]}

    @property
    def fields(self) -> dict[str, str]:
        return {f"/filters/{self.facts['filter']}": self.text}


class BomNotOfFormat(DomainError):
    kind = Kind.RULE
    code = "bom_not_of_format"
    message = "A byte order mark is for CSV, and this export is {format}."
    hint = "Leave `bom` out, or order `csv`; nothing was ordered."
    example = {"format": "parquet"}

    @property
    def fields(self) -> dict[str, str]:
        return {"/bom": self.text}


class ExportTooLarge(DomainError):
    kind = Kind.RULE
    code = "export_too_large"
    message = "An Excel file holds at most {limit} rows, and these are more."
    hint = "Narrow the filters, or order `csv` or `parquet`; nothing was ordered."
    example = {"limit": MOST_ROWS_OF_XLSX}


class ExportsWaiting(DomainError):
    kind = Kind.LIMITED
    code = "exports_waiting"
    message = "{limit} of your exports are not finished."
    hint = "Wait for one of them: list_exports tells how far they have come."
    example = {"limit": MOST_WAITING}
    retryable = True


def order(ctx: Context, request: CreateExport) -> ExportView:
    """By a partner's key. Raises FilterNotOfDataset, BomNotOfFormat, ExportTooLarge or ExportsWaiting."""
    dataset = DATASETS[DatasetName(request.dataset)]
    export = Export(
        id=ctx.resource_id,
        partner_id=ctx.partner_id,
        api_key_id=ctx.caller.api_key_id,
        is_live=bool(ctx.caller.is_live_key),
        has_bom=request.bom,
        **_asked(dataset, request.format, request.filters, bom=request.bom),
        created_at=ctx.now,
        due_at=ctx.now,
    )
    _refuse_too_large(export)
    _refuse_too_many(ctx)
    _save(export)
    return queries.view(export)


def _refuse_too_many(ctx: Context) -> None:
    """One after the other for a partner: else many at once would each be the last that fits. Raises ExportsWaiting."""
    Partner.objects.select_for_update(no_key=True).filter(pk=ctx.partner_id).values_list("pk").first()
    waiting = Export.objects.filter(partner_id=ctx.partner_id, state__in=[state.value for state in OPEN])
    if waiting.count() >= MOST_WAITING:
        raise ExportsWaiting(limit=MOST_WAITING, retry_after=5)


def prepared(
    clerk: User, *, dataset: DatasetName, format_: Format, filters: StaffFilters, bom: bool, now: datetime
) -> Export:
    """What staff would order, of every partner's rows; nothing is written. Raises PermissionDenied and what `order`
    does.
    """
    chosen = DATASETS[dataset]
    if not access.may_export(clerk, chosen):
        raise PermissionDenied
    asked = _asked(chosen, format_, filters, bom=bom)
    export = Export(clerk=clerk, has_bom=bom, **asked, created_at=now, due_at=now)
    _refuse_too_large(export)
    return export


def place(export: Export) -> None:
    """Order what is prepared, and write down who did."""
    with transaction.atomic():
        _save(export)
        audit.note("create_export", door=Door.OFFICE, code=audit.DONE, user_id=export.clerk_id, resource_id=export.pk)


def _asked(dataset: Dataset, format_: Format, filters: Filters, *, bom: bool) -> dict[str, Any]:
    for name, value in filters:
        if value is not None and name not in dataset.conditions:
            known = sorted(set(dataset.conditions) & set(type(filters).model_fields))
            raise FilterNotOfDataset(dataset=dataset.name.value, filter=name, known=known)
    if bom and format_ is not Format.CSV:
        raise BomNotOfFormat(format=format_.value)
    told = filters.model_dump(mode="json", exclude_none=True)
    return {"dataset": dataset.name.value, "format": format_.value, "filters": told}


def _save(export: Export) -> None:
    export.save(force_insert=True)
    nudge.after_commit(QUEUE)


def _refuse_too_large(export: Export) -> None:
    """Counted no further than it matters. The worker asks again: rows may be added meanwhile. Raises ExportTooLarge."""
    if export.format != Format.XLSX:
        return
    chosen = selection.of(export)
    with connection.cursor() as cursor:
        cursor.execute(chosen.count(most=MOST_ROWS_OF_XLSX + 1), selection.bound(chosen.values, connection))
        if cursor.fetchone()[0] > MOST_ROWS_OF_XLSX:
            raise ExportTooLarge(limit=MOST_ROWS_OF_XLSX)


def link(ctx: Context, request: ExportRequest) -> LinkView:
    """Raises NotFound, ExportNotReady or ExportFileGone."""
    export = queries.owned(ctx, request.export_id)
    refuse_without_file(export)
    until = ctx.now + LIFE
    place = links.place(export.pk, Maker(api_key_id=ctx.caller.api_key_id), until=until)
    return LinkView(export_id=export.pk, url=settings.ORIGIN + place, expires_at=until)


def link_for(clerk: User, export: Export, *, now: datetime) -> str:
    """Its path. Raises PermissionDenied, ExportNotReady or ExportFileGone."""
    if not access.may_export(clerk, DATASETS[DatasetName(export.dataset)]):
        raise PermissionDenied
    refuse_without_file(export)
    return links.place(export.pk, Maker(clerk_id=clerk.pk), until=now + LIFE)


def refuse_without_file(export: Export) -> None:
    """Raises ExportNotReady or ExportFileGone."""
    if export.state == ExportState.EXPIRED:
        deleted_at = export.file_expires_at
        raise ExportFileGone(deleted_at=deleted_at.isoformat() if deleted_at else "")
    if export.state != ExportState.READY:
        raise ExportNotReady(status=export.state)


def purge(*, now: datetime) -> int:
    """Delete the files whose time is over, and what workers left half-written. Returns how many files. One that cannot
    be deleted is named by its record until it is, and tried again with each purge.
    """
    over = Export.objects.filter(state__in=before(ExportState.EXPIRED), file_expires_at__lte=now)
    # The records first: a file that is told as there must be there.
    over.update(state=ExportState.EXPIRED.value)
    expired = Export.objects.filter(state=ExportState.EXPIRED.value).exclude(file="")
    purged = sum(_is_deleted(export) for export in expired.order_by("-file_expires_at")[:1_000])
    storage.tidy(older_than=(now - LEFT_BEHIND).timestamp())
    return purged


def _is_deleted(export: Export) -> bool:
    """With it whatever its other claims have kept: a worker may have been lost after another had finished."""
    try:
        for name in {export.file, *map(export.file_of, range(1, export.fence + 1))}:
            storage.forget(name)
    except Exception:
        log.exception("export.not_deleted", export_id=str(export.pk))
        return False
    Export.objects.filter(pk=export.pk).update(file="")
    return True


def filters_of_days(asked: Mapping[str, Any]) -> StaffFilters:
    """Filters whose `since` and `until` are days of UTC, the last one included; the last of the calendar leaves nothing
    out. Raises pydantic's ValidationError.
    """
    given = {name: value.pk if isinstance(value, Model) else value for name, value in asked.items()}
    if "since" in given:
        given["since"] = datetime.combine(given["since"], time.min, UTC)
    if given.get("until") == date.max:
        del given["until"]
    if "until" in given:
        given["until"] = datetime.combine(given["until"] + timedelta(days=1), time.min, UTC)
    return StaffFilters.model_validate(given)


def find(export_id: UUID) -> Export | None:
    return Export.objects.filter(pk=export_id).first()
