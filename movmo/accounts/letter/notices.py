"""Letters about what changed on an account, so that its owner notices what somebody else did.

They leave by the outbox once the change is committed, and wait there for a mail server that is away. No letter holds a
code or a token: one-time codes are posted inside the request, because a person is waiting for them and can ask again.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import dateformat

from movmo.accounts.letter import services as letters
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.text import one_line
from movmo.operations.scopes import SCOPES

CARDS = "traveler:cards"


def application_connected(user: User, *, name: str, scopes: Iterable[str]) -> None:
    """An application may now act for the traveler. `name` is what it calls itself: not to be trusted."""
    allowed = [SCOPES[scope] for scope in scopes if scope in SCOPES]
    _put(user, "application_connected", "oauth2_provider:connections", name=one_line(name), allowed=allowed)


def new_device(user: User, *, label: str, network: str, at: datetime) -> None:
    """Somebody signed in with a browser that the account was never used with. `network`: an IP address or a prefix."""
    _put(user, "new_device", "account_sessions", label=one_line(label), network=one_line(network), at=_moment(at))


def passkey_added(user: User, *, name: str) -> None:
    """`name` is what the owner calls the passkey."""
    _put(user, "passkey_added", "account_passkeys", name=one_line(name), at=_moment(clock.now()))


def passkey_removed(user: User, *, name: str) -> None:
    _put(user, "passkey_removed", "account_passkeys", name=one_line(name), at=_moment(clock.now()))


def second_factor_changed(user: User, *, what: str) -> None:
    """`what` is a sentence without its full stop: “An authenticator app was added”."""
    _put(user, "second_factor_changed", "account_sessions", what=what, at=_moment(clock.now()))


def account_locked(user: User, *, until: datetime) -> None:
    """Too many failures to sign in: nobody comes in before `until`."""
    _put(user, "account_locked", "account_sessions", until=_moment(until))


def card_expiring(user: User, *, card: str, until: str) -> None:
    """`card` is brand and last digits, `until` its month: 5/2031."""
    _put(user, "card_expiring", CARDS, card=card, until=until)


def account_deleted(user: User) -> None:
    """To the address that is about to be forgotten: the letter is nobody's, so it is not forgotten with the rest."""
    letters.put("account_deleted", user.email, {}, of=None)


def _put(user: User, notice: str, page: str, **facts: Any) -> None:
    letters.put(notice, user.email, {"link": settings.ORIGIN + reverse(page), **facts}, of=user)


def _moment(at: datetime) -> str:
    return dateformat.format(at.astimezone(UTC), "j F Y, H:i") + " UTC"
