"""Where a signed link leads. The link says who had it made; whether they still may is asked now, and written down."""

from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

import orjson
from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from bookings.export import downloading
from bookings.export.downloading import Fetched
from bookings.export.links import DownloadsBusy
from movmo.kit import clock, http
from movmo.kit.errors import DomainError

BLOCK = 262_144
AT_ONCE = 3
"""A slow reader holds a thread of the server for as long as it reads."""
RETRY_SECONDS = 10
_places = BoundedSemaphore(AT_ONCE)


@require_GET
def download(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    if not _places.acquire(blocking=False):
        return _refusal(request, DownloadsBusy(retry_after=RETRY_SECONDS))
    try:
        clerk = request.user if admin.site.has_permission(request) else None
        fetched = downloading.fetch(
            export_id, request.GET.get("token", ""), clerk=clerk, now=clock.now(), request_id=_request_id(request)
        )
        return _file(fetched)
    except DomainError as refusal:
        _places.release()
        return _refusal(request, refusal)
    except BaseException:
        _places.release()
        raise


class _File(FileResponse):
    """Gives its place back when it is through, or was broken off."""

    block_size = BLOCK
    is_over = False

    def close(self) -> None:
        super().close()
        if not self.is_over:
            self.is_over = True
            _places.release()


def _file(fetched: Fetched) -> FileResponse:
    response = _File(fetched.opened, content_type=fetched.content_type)
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
