"""Request ids: the caller's own `X-Request-Id` where it is a decent one, else a new UUIDv7."""

from django.http import HttpRequest

from movmo.kit import http

HEADER = "X-Request-Id"
# A key of the WSGI environ: callers cannot set it (their headers all begin with HTTP_), error pages can read it.
_KEY = "movmo.request_id"


def of(request: HttpRequest) -> str:
    """The id of this request, the same however often it is asked for."""
    known: str | None = request.META.get(_KEY)
    if known is None:
        known = http.request_id(request.META.get("HTTP_X_REQUEST_ID"))
        request.META[_KEY] = known
    return known
