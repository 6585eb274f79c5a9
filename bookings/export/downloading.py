"""Fetching the file of an export by a signed link: authorized again, and written down each time."""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from bookings.export import access, links, services, storage
from bookings.export.datasets import DATASETS
from bookings.export.links import ExportFileLost, Maker
from bookings.export.models import Export
from bookings.export.schemas import DatasetName, Format
from movmo.kit.errors import DomainError, NotFound
from movmo.operations import audit
from movmo.operations.audit import DONE
from movmo.operations.context import Door

log = structlog.get_logger()

LINE = "download_export"
"""How a download is called in the audit trail."""
MEDIA = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSONL: "application/jsonl",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """`opened` is read in pieces and closed by whoever sends it."""

    opened: Any
    size: int
    filename: str
    content_type: str
    digest: str


def fetch(export_id: UUID, token: str, *, clerk: Any, now: datetime, request_id: str) -> Fetched:
    """`clerk` is who is signed in to the office, if anybody: a clerk's link is good for that clerk alone.

    Raises what `links` names, and NotFound for whoever may not (any more).
    """
    maker = links.read(token, export_id, now=now)
    export = services.find(export_id)
    try:
        if export is None or not _still_may(maker, export, clerk, now):
            raise NotFound("export")
        services.refuse_without_file(export)
        fetched = _opened(export)
    except DomainError as refusal:
        _note(export_id, export, maker, refusal.code, request_id)
        raise
    _note(export_id, export, maker, DONE, request_id)
    return fetched


def _still_may(maker: Maker, export: Export, clerk: Any, now: datetime) -> bool:
    if maker.api_key_id is not None:
        return export.partner_id is not None and access.key_still_may(maker.api_key_id, export, now=now)
    is_signed_in = clerk is not None and maker.clerk_id == clerk.pk
    return is_signed_in and access.may_export(clerk, DATASETS[DatasetName(export.dataset)])


def _opened(export: Export) -> Fetched:
    """Raises ExportFileLost."""
    try:
        opened, size = storage.opened(export.file)
    except Exception as failure:
        log.exception("export.file_lost", export_id=str(export.pk))
        raise ExportFileLost from failure
    if size != export.byte_count:
        opened.close()
        raise ExportFileLost
    taken = f"{export.as_of:%Y%m%dT%H%M%SZ}"
    return Fetched(
        opened=opened,
        size=size,
        filename=f"movmo-{export.dataset}-{taken}.{export.suffix}",
        content_type=MEDIA[Format(export.format)],
        digest=f"sha-256=:{base64.b64encode(bytes.fromhex(export.sha256)).decode()}:",
    )


def _note(export_id: UUID, export: Export | None, maker: Maker, code: str, request_id: str) -> None:
    audit.note(
        LINE,
        door=Door.REST if maker.api_key_id else Door.OFFICE,
        code=code,
        user_id=maker.clerk_id,
        partner_id=export.partner_id if export is not None and maker.api_key_id else None,
        resource_id=export_id,
        request_id=request_id,
    )
