"""Passkeys: a convenience for travelers, a second factor for staff. allauth keeps them and judges them (WebAuthn 2).

What a browser sends is anybody's JSON until its signature is judged, and the library that reads it stumbles over
strange input in many ways; all of them are one refusal here. The challenge of a sign-in is kept by whoever asked for it
(`Kept`: the session of a browser, a checkout), and is good once: that is counted in a table, see `attempts`.
"""

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from fido2.utils import websafe_decode
from fido2.webauthn import UserVerificationRequirement

from movmo.accounts.letter import notices
from movmo.accounts.models import User
from movmo.accounts.office import second_factor
from movmo.accounts.sign_in import attempts
from movmo.accounts.sign_in.codes import Kept
from movmo.kit import clock

MOST = 10
LONGEST = 16_384
LASTS = timedelta(minutes=5)
ASKED = "movmo.passkey"
CREDENTIAL = ("id", "rawId", "type", "authenticatorAttachment", "clientExtensionResults")
RESPONSE = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")

_STUMBLES = (
    ValidationError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    struct.error,
)


class PasskeyRefused(Exception):
    """No passkey of ours, or not one made for this page and moment."""


def possible() -> bool:
    """Browsers make passkeys for names of hosts, not for addresses, and over https or on localhost."""
    host = urlsplit(settings.ORIGIN).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return settings.ORIGIN.startswith("https://") or host == "localhost"
    return False


def of(user: User) -> QuerySet[Authenticator]:
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return found.order_by("created_at")


def creation_options(user: User) -> dict[str, Any]:
    """For `navigator.credentials.create`, bytes in base64url. The challenge is kept in the session."""
    return dict(auth.begin_registration(user, passwordless=True))


def request_options(kept: Kept) -> dict[str, Any]:
    """For `navigator.credentials.get`. They name no credential, so they tell nothing of any account. Their challenge is
    kept, in the place of one that was kept before.
    """
    options, state = auth.get_server().authenticate_begin([], UserVerificationRequirement.REQUIRED)
    kept[ASKED] = {"challenge": state["challenge"], "at": clock.now().isoformat()}
    return dict(options)


@transaction.atomic
def add(user: User, *, name: str, sent: str) -> Authenticator:
    """Raises PasskeyRefused."""
    with _refusing():
        credential = _read(sent)
        auth.parse_registration_response(credential)
        auth.complete_registration(credential)
        passkey: Authenticator = auth.WebAuthn.add(user, name, credential).instance
    notices.passkey_added(user, name=name)
    return passkey


def owned(sent: str, kept: Kept, *, ancestor: str = "") -> Authenticator:
    """The passkey that answered the challenge which was kept; it is used up, whatever the answer. `ancestor` is the
    origin of the page that may hold ours in a frame; without one it was in none.

    Raises PasskeyRefused, for whatever reason.
    """
    with _refusing():
        challenge = _taken(kept)
        credential = _read(sent, ancestor)
        auth.parse_authentication_response(credential)
        owner = auth.extract_user_from_response(credential)
        state = {"challenge": challenge, "user_verification": UserVerificationRequirement.REQUIRED}
        signed = auth.get_server().authenticate_complete(state, auth.get_credentials(owner), credential)
        passkey = auth.get_authenticator_by_credential_id(owner, signed.credential_id)
    if passkey is None:
        raise PasskeyRefused
    return passkey


@contextmanager
def using(passkey: Authenticator) -> Iterator[None]:
    """Around `record_usage`, which says by a DatabaseError that the row is gone. Raises PasskeyRefused for one that was
    removed since it was `owned`.
    """
    try:
        yield
    except DatabaseError:
        if Authenticator.objects.filter(pk=passkey.pk).exists():
            raise
        raise PasskeyRefused from None


def rename(passkey: Authenticator, name: str) -> None:
    passkey.data["name"] = name
    passkey.save(update_fields=["data"])


@transaction.atomic
def remove(user: User, passkey: Authenticator) -> bool:
    """False for one that opens the back office too: that is changed there, behind more than a code by e-mail."""
    if second_factor.factors_of(user).filter(pk=passkey.pk).exists():
        return False
    name = str(passkey.data["name"])
    passkey.delete()
    notices.passkey_removed(user, name=name)
    return True


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except _STUMBLES:
        raise PasskeyRefused from None


def _taken(kept: Kept) -> str:
    """The challenge, for the first answer to it: of two that are sent at once both were read with it still kept."""
    asked = kept.pop(ASKED)
    is_over = clock.now() - datetime.fromisoformat(asked["at"]) > LASTS
    if is_over or not attempts.take(attempts.name_of(asked["challenge"], "passkey"), limit=1):
        raise PasskeyRefused
    return str(asked["challenge"])


def _read(sent: str, ancestor: str = "") -> dict[str, Any]:
    """What the browser sent, without what nobody asked for. It must have been made on a page of our own origin: the
    library would take one of any host below ours, and from within anybody's frame."""
    if len(sent) > LONGEST:
        raise PasskeyRefused
    credential = json.loads(sent)
    client = json.loads(websafe_decode(credential["response"]["clientDataJSON"]))
    if client["origin"] != settings.ORIGIN or not _stands_in(client, ancestor):
        raise PasskeyRefused
    response = {name: credential["response"][name] for name in RESPONSE if name in credential["response"]}
    kept = {name: credential[name] for name in CREDENTIAL if name in credential}
    return {**kept, "response": response}


def _stands_in(client: dict[str, Any], ancestor: str) -> bool:
    """Whether the page was framed by `ancestor` or by nobody. WebAuthn 3, 5.8.1: `crossOrigin` says that it was framed
    by a stranger, and newer browsers say by whom in `topOrigin`; the frame's policy lets in no other either."""
    framed = client.get("crossOrigin", False)
    if framed is False:
        return "topOrigin" not in client
    return framed is True and bool(ancestor) and client.get("topOrigin", ancestor) == ancestor
