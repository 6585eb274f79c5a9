"""Two addresses for whoever keeps the process running. They need no host name and no key, and tell no detail.

`/healthz`: the process answers. If it does not, start another one. `/readyz`: it can work too, which takes the
database. Without Redis limits are each process's own, and everything else goes on; so it does without workers, only
that what follows waits. Both are said and nothing more.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from redis import Redis, RedisError

from movmo.kit import clock
from movmo.operations.models import Outbox

log = structlog.get_logger()
REDIS_SECONDS = 1
LATE = timedelta(minutes=1)


class Health:
    """Middleware, before the one that checks hosts: those who probe call an address, not a name."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == "/healthz":
            return _answer({"process": "up"}, is_well=True)
        if request.path_info == "/readyz":
            database = _database()
            work = _work() if database == "up" else "unknown"
            return _answer({"database": database, "redis": _redis(), "work": work}, is_well=database == "up")
        return self._get_response(request)


def _answer(parts: dict[str, str], *, is_well: bool) -> JsonResponse:
    body = {"status": "ok" if is_well else "unavailable", **parts}
    return JsonResponse(body, status=200 if is_well else 503, headers={"Cache-Control": "no-store"})


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as failure:
        log.error("ready.database_away", error=type(failure).__name__)
        return "away"
    return "up"


def _work() -> str:
    """Whether workers keep up with the outbox."""
    since = clock.now() - LATE
    is_late = Outbox.objects.filter(state=Outbox.State.READY, due_at__lt=since, lease_until=None).exists()
    if is_late:
        log.error("ready.work_late")
    return "late" if is_late else "on time"


def _redis() -> str:
    if not settings.MOVMO_REDIS_URL:
        return "unused"
    try:
        with Redis.from_url(
            settings.MOVMO_REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        ) as redis:
            redis.ping()
    except RedisError as failure:
        log.warning("ready.redis_away", error=type(failure).__name__)
        return "away"
    return "up"
