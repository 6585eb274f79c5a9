"""Letters about what changed on an account, so that its owner notices what somebody else did.

They leave when the change is committed. A mail server that is away keeps no change from happening: the letter is lost,
the log says which kind, and not to whom or what it said. No letter holds a code or a token.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from movmo.accounts.letter import sending as letters
from movmo.accounts.letter.sending import one_line
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.scopes import SCOPES

CARDS = "traveler:cards"


def application_connected(user: User, *, name: str, scopes: Iterable[str]) -> None:
    """An application may now act for the traveler. `name` is what it calls itself: not to be trusted."""
    allowed = [SCOPES[scope] for scope in scopes if scope in SCOPES]
    _send(user, "application_connected", "oauth2_provider:connections", name=one_line(name), allowed=allowed)


def new_device(user: User, *, label: str, network: str, at: datetime) -> None:
    """Somebody signed in with a browser that the account was never used with. `network`: an IP address or a prefix."""
    _send(user, "new_device", "account_sessions", label=one_line(label), network=one_line(network), at=at)


def passkey_added(user: User, *, name: str) -> None:
    """`name` is what the owner calls the passkey."""
    _send(user, "passkey_added", "account_passkeys", name=one_line(name), at=clock.now())


def passkey_removed(user: User, *, name: str) -> None:
    _send(user, "passkey_removed", "account_passkeys", name=one_line(name), at=clock.now())


def second_factor_changed(user: User, *, what: str) -> None:
    """`what` is a sentence without its full stop: “An authenticator app was added”."""
    _send(user, "second_factor_changed", "account_sessions", what=what, at=clock.now())


def account_locked(user: User, *, until: datetime) -> None:
    """Too many failures to sign in: nobody comes in before `until`."""
    _send(user, "account_locked", "account_sessions", until=until)


def card_expiring(user: User, *, card: str, until: str) -> None:
    """`card` is brand and last digits, `until` its month: 5/2031."""
    _send(user, "card_expiring", CARDS, card=card, until=until)


def account_deleted(user: User) -> None:
    """To the address that is about to be forgotten."""
    _send(user, "account_deleted", "account_login")


def _send(user: User, notice: str, page: str, **facts: Any) -> None:
    told = {"link": settings.ORIGIN + reverse(page), **facts}
    transaction.on_commit(partial(letters.send, notice, user.email, told))
