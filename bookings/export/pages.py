"""Where a signed link leads. The link says who had it made; whether they still may is asked now, and written down."""

from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

import orjson
from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from bookings.export import downloading, links, services
from bookings.export.downloading import Fetched
from bookings.export.links import DownloadsBusy
from movmo.kit import clock, http
from movmo.kit.errors import DomainError

BLOCK = 262_144
AT_ONCE = 3
"""A slow reader holds a thread of the server for as long as it reads."""
RETRY_SECONDS = 10


class _Places:
    """One for each partner and each clerk, whatever keys and links they have: nobody's readers hold all of them."""

    def __init__(self) -> None:
        self._held: set[UUID] = set()
        self._lock = Lock()

    def take(self, whose: UUID) -> None:
        """Raises DownloadsBusy."""
        with self._lock:
            if whose in self._held or len(self._held) >= AT_ONCE:
                raise DownloadsBusy(retry_after=RETRY_SECONDS)
            self._held.add(whose)

    def give_back(self, whose: UUID) -> None:
        with self._lock:
            self._held.remove(whose)


_places = _Places()


@require_GET
def download(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    token, now = request.GET.get("token", ""), clock.now()
    try:
        whose = _whose(export_id, token, now)
        _places.take(whose)
    except DomainError as refusal:
        return _refusal(request, refusal)
    try:
        clerk = request.user if admin.site.has_permission(request) else None
        fetched = downloading.fetch(export_id, token, clerk=clerk, now=now, request_id=_request_id(request))
        return _file(fetched, whose)
    except DomainError as refusal:
        _places.give_back(whose)
        return _refusal(request, refusal)
    except BaseException:
        _places.give_back(whose)
        raise


def _whose(export_id: UUID, token: str, now: datetime) -> UUID:
    """The clerk or the partner that the link was made for. Raises ExportLinkInvalid or ExportLinkExpired."""
    clerk_id = links.read(token, export_id, now=now).clerk_id
    if clerk_id is not None:
        return clerk_id
    export = services.find(export_id)
    return export_id if export is None or export.partner_id is None else export.partner_id


class _File(FileResponse):
    """Gives its place back when it is through, or was broken off."""

    block_size = BLOCK
    whose: UUID | None = None

    def close(self) -> None:
        super().close()
        whose, self.whose = self.whose, None
        if whose is not None:
            _places.give_back(whose)


def _file(fetched: Fetched, whose: UUID) -> FileResponse:
    response = _File(fetched.opened, content_type=fetched.content_type)
    response.whose = whose
    response.headers["Content-Length"] = str(fetched.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{fetched.filename}"'
    response.headers["Repr-Digest"] = fetched.digest
    response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    request_id = _request_id(request)
    body = orjson.dumps(http.envelope(refusal, request_id), default=str)
    response = HttpResponse(body, status=http.status_of(refusal), content_type="application/json")
    response.headers["X-Request-Id"] = request_id
    response.headers["Cache-Control"] = "no-store"
    if refusal.retry_after:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _request_id(request: Any) -> str:
    if not hasattr(request, "_export_request_id"):
        request._export_request_id = http.request_id(request.headers.get("X-Request-Id"))
    told: str = request._export_request_id
    return told
