"""Which applications a traveler let in, what they may do, and how they are put out again.

Redeeming a code, refreshing and disconnecting of one traveler and one application come one after the other: each locks
their row first. SQLite has no row locks and ignores `select_for_update`; there BEGIN IMMEDIATE (env.database) is it.
"""

# The library is untyped.
# mypy: allow-untyped-calls

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from movmo.accounts.letter import notices
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.approval import parting
from partners.oauth.appearance import name_of
from partners.oauth.models import Application, Connection


def in_force(asked: str, connected: str, allowed: str) -> frozenset[str]:
    """What counts of the scopes of a token or code: what the traveler still grants and staff still allow.

    `connected` is the connection's, `allowed` the application's, where empty means no limit; all separated by spaces.
    """
    scopes = frozenset(asked.split()) & frozenset(connected.split())
    return scopes & frozenset(allowed.split()) if allowed else scopes


def lock(user_id: UUID, application_id: Any) -> Connection | None:
    """The row of the two, nobody else's until the transaction ends. None: they never met."""
    return Connection.objects.select_for_update().filter(user_id=user_id, application_id=application_id).first()


def connect(*, user: User, application: Application, scopes: Iterable[str]) -> bool:
    """Note what is being granted, in the transaction that makes the tokens and before it does.

    Scopes granted earlier stay: the same application may run on two devices of a traveler, each with tokens of its own.
    True when it may do something that it could not do just before.
    """
    granted = list(dict.fromkeys(scopes))
    fresh = {"scopes": " ".join(granted), "connected_at": clock.now()}
    connection, is_new = Connection.objects.select_for_update().get_or_create(
        user=user, application=application, defaults=fresh
    )
    if is_new:
        return True
    if connection.disconnected_at:
        _revoke(user, application)  # what outlived the goodbye does not come back with the welcome
        fresh |= {"disconnected_at": None, "last_used_at": None}
        Connection.objects.filter(pk=connection.pk).update(**fresh)
        return True
    more = [scope for scope in granted if scope not in connection.scopes.split()]
    if more:
        Connection.objects.filter(pk=connection.pk).update(scopes=" ".join([*connection.scopes.split(), *more]))
    return bool(more)


def let_in(*, user: User, application: Application, scopes: Iterable[str]) -> None:
    """`connect`, and a letter to the traveler when that is news: it may have been somebody else at the screen."""
    if connect(user=user, application=application, scopes=scopes):
        connection = Connection.objects.get(user=user, application=application)
        notices.application_connected(user, name=name_of(application), scopes=connection.scopes.split())


def withdraw(*, user: User, application: Application, scopes: Iterable[str]) -> None:
    """Take back single scopes, from every token there is: the traveler unticked them."""
    gone = set(scopes)
    with transaction.atomic():
        connection = lock(user.pk, application.pk)
        if connection and gone & set(connection.scopes.split()):
            kept = [scope for scope in connection.scopes.split() if scope not in gone]
            Connection.objects.filter(pk=connection.pk).update(scopes=" ".join(kept))


def disconnect(*, user: User, application: Application) -> bool:
    """From the commit on no token and no code of the two works, on any door, what the application asked is taken back,
    and what it was allowed in advance has ended. False: there was nothing to end."""
    with transaction.atomic():
        connection = lock(user.pk, application.pk)
        if connection is None or connection.disconnected_at:
            return False
        _revoke(user, application)
        Grant.objects.filter(user=user, application=application).delete()
        return bool(Connection.objects.filter(pk=connection.pk).update(disconnected_at=clock.now()))


def _revoke(user: User, application: Application) -> None:
    # Refresh tokens first, as the library does: the other way round two of them would wait for one another.
    now = clock.now()
    RefreshToken.objects.filter(user=user, application=application, revoked=None).update(revoked=now, updated=now)
    AccessToken.objects.filter(user=user, application=application).delete()
    parting.part(user_id=user.pk, client_id=application.client_id, now=now)


def live(user: User) -> QuerySet[Connection]:
    """The applications that may act for the traveler, the newest first."""
    mine = Connection.objects.filter(user=user, disconnected_at=None)
    return mine.select_related("application__partner").order_by("-connected_at", "-pk")


def scopes_of(token: AccessToken) -> list[str] | None:
    """What the token is good for now, in its own order. None: its application is not let in."""
    mine = Connection.objects.select_related("application").filter(disconnected_at=None)
    connection = mine.filter(user=token.user_id, application=token.application_id).first()
    if connection is None:
        return None
    still = in_force(token.scope, connection.scopes, connection.application.allowed_scopes)
    return [scope for scope in token.scope.split() if scope in still]


def granted_to(user: User, application: Application) -> frozenset[str]:
    """What the application may do for the traveler at this moment."""
    connection = live(user).filter(application=application).first()
    return in_force(connection.scopes, connection.scopes, application.allowed_scopes) if connection else frozenset()
