"""Signed links: which export, made by whom, good until when. What they lead to is asked again when they are used.

DomainError
├── ExportLinkInvalid   403   not one of ours, or changed on its way
├── ExportLinkExpired   403   its time is over
├── ExportNotReady      409   there is no file yet, or there will be none
├── ExportFileGone      404   the file was deleted: its time is over
├── ExportFileLost      500   the storage has not what the record says
└── DownloadsBusy       429   enough files leave this server at this moment
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing

from movmo.kit.errors import DomainError, Kind

LIFE = timedelta(minutes=15)
SALT = "bookings.export.links"
LONGEST = 500


class ExportLinkInvalid(DomainError):
    kind = Kind.FORBIDDEN
    code = "export_link_invalid"
    message = "This link to an export is not as we made it."
    hint = "Use the link whole and unchanged, or have a new one made: create_export_link, or the button of the office."


class ExportLinkExpired(DomainError):
    kind = Kind.FORBIDDEN
    code = "export_link_expired"
    message = "This link to an export ended at {expired_at}."
    hint = "Have a new one made: create_export_link, or the button of the office. A link is good for 15 minutes."
    example = {"expired_at": "2026-09-14T07:45:00+00:00"}


class ExportNotReady(DomainError):
    kind = Kind.CONFLICT
    code = "export_not_ready"
    message = "The export has no file: it is {status}."
    hint = "Read it with get_export until it is `ready`; of one that `failed`, `failure` says why."
    example = {"status": "running"}


class ExportFileGone(DomainError):
    kind = Kind.NOT_FOUND
    code = "export_file_gone"
    message = "The file of this export was deleted at {deleted_at}; its record stays."
    hint = "Order the export again with the same filters: it will tell rows as they are by then."
    example = {"deleted_at": "2026-09-21T07:30:02+00:00"}


class ExportFileLost(DomainError):
    kind = Kind.INTERNAL
    code = "export_file_lost"
    message = "The file of this export is not in our storage as it was written."
    hint = "Order the export again, and tell us the id of this one."


class DownloadsBusy(DomainError):
    kind = Kind.LIMITED
    code = "export_downloads_busy"
    message = "Enough exports are being fetched from this server at this moment."
    hint = "Repeat the request after `Retry-After` seconds; the link stays good until it ends."
    retryable = True


@dataclass(frozen=True, slots=True)
class Maker:
    """Who had the link made: a key or a clerk."""

    api_key_id: UUID | None = None
    clerk_id: UUID | None = None


def place(export_id: UUID, maker: Maker, *, until: datetime) -> str:
    """The link without its origin."""
    told = {"e": export_id.hex, "x": int(until.timestamp())}
    if maker.api_key_id is not None:
        told["k"] = maker.api_key_id.hex
    if maker.clerk_id is not None:
        told["c"] = maker.clerk_id.hex
    token = signing.Signer(salt=SALT).sign_object(told)
    return f"/exports/{export_id}/file?{urlencode({'token': token})}"


def read(token: str, export_id: UUID, *, now: datetime) -> Maker:
    """Raises ExportLinkInvalid or ExportLinkExpired."""
    try:
        told = signing.Signer(salt=SALT).unsign_object(token[: LONGEST + 1])
        maker = Maker(*(UUID(told[name]) if name in told else None for name in "kc"))
        until, is_of_this = datetime.fromtimestamp(told["x"], UTC), UUID(told["e"]) == export_id
    except (signing.BadSignature, ValueError, KeyError, TypeError):
        raise ExportLinkInvalid from None
    if not is_of_this:
        raise ExportLinkInvalid
    if until <= now:
        raise ExportLinkExpired(expired_at=until.isoformat())
    return maker
