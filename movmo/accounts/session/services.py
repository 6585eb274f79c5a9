"""The sessions of a person: where they are signed in, and ending that. The rows are allauth's, one for a session.

A row is kept up to date by pages only: `LastSeen` stands behind the lane of the API. It costs a query for each page of
somebody signed in, and a write once a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from movmo.accounts.limits import UNKNOWN_ADDRESS
from movmo.accounts.models import User
from movmo.accounts.session import browsers
from movmo.kit import clock

EVERY = timedelta(minutes=1)
LENT = "impersonation"
"""In a session that a clerk looks through at a traveler's pages: it is no session of the traveler's."""


@dataclass(frozen=True, slots=True)
class Shown:
    id: int
    label: str
    network: str
    begun_at: datetime
    last_seen_at: datetime
    is_this: bool


class LastSeen:
    """Middleware, to stand behind the one that knows who is signed in."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        before = request.session.session_key
        _note(request)
        response = self._get_response(request)
        if request.session.session_key != before:  # somebody signed in, by whichever door
            _note(request)
        return response


def _note(request: HttpRequest) -> None:
    key = request.session.session_key
    if key is None or not request.user.is_authenticated or LENT in request.session:
        return
    if not UserSession.objects.filter(session_key=key, last_seen_at__gt=clock.now() - EVERY).exists():
        UserSession.objects.create_from_request(request)


def of(request: HttpRequest) -> list[Shown]:
    """The live sessions of whoever asks, this one first, then the newest."""
    assert isinstance(request.user, User)
    rows = UserSession.objects.purge_and_list(request.user)
    shown = [
        Shown(
            id=row.pk,
            label=browsers.label(row.user_agent),
            network="an unknown address" if row.ip == UNKNOWN_ADDRESS else row.ip,
            begun_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_this=row.session_key == request.session.session_key,
        )
        for row in rows
    ]
    return sorted(shown, key=lambda one: (one.is_this, one.last_seen_at), reverse=True)


def end(request: HttpRequest, session_id: int) -> bool:
    """End one of the person's own sessions, not this one: that is signing out. It is dead on its next request."""
    return _end(_others(request).filter(pk=session_id)) == 1


def end_all(user: User) -> int:
    """End every session of a person. Returns how many there were."""
    return _end(UserSession.objects.filter(user=user))


def end_others(request: HttpRequest) -> int:
    """End all but this one. Returns how many there were."""
    return _end(_others(request))


def _others(request: HttpRequest) -> QuerySet[UserSession]:
    mine: QuerySet[UserSession] = UserSession.objects.filter(user=request.user)
    return mine.exclude(session_key=request.session.session_key)


@transaction.atomic
def _end(rows: QuerySet[UserSession]) -> int:
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)
