"""Passkeys: a convenience for travelers, a second factor for staff. allauth keeps them and judges them (WebAuthn 2).

What a browser sends is anybody's JSON until its signature is judged, and the library that reads it stumbles over
strange input in many ways; all of them are one refusal here.
"""

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from fido2.utils import websafe_decode

from movmo.accounts.letter import notices
from movmo.accounts.models import User
from movmo.accounts.office import second_factor

MOST = 10
LONGEST = 16_384
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


def request_options() -> dict[str, Any]:
    """For `navigator.credentials.get`. They name no credential, so they tell nothing of any account."""
    return dict(auth.begin_authentication(user=None))


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


def owned(sent: str) -> Authenticator:
    """The passkey that answered the challenge. Raises PasskeyRefused, for whatever reason."""
    with _refusing():
        credential = _read(sent)
        auth.parse_authentication_response(credential)
        user = auth.extract_user_from_response(credential)
        passkey: Authenticator = auth.complete_authentication(user, credential)
    return passkey


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


def _read(sent: str) -> dict[str, Any]:
    """What the browser sent, without what nobody asked for. It must have been made on a page of our own origin: the
    library would take one of any host below ours."""
    if len(sent) > LONGEST:
        raise PasskeyRefused
    credential = json.loads(sent)
    client = json.loads(websafe_decode(credential["response"]["clientDataJSON"]))
    if client["origin"] != settings.ORIGIN:
        raise PasskeyRefused
    response = {name: credential["response"][name] for name in RESPONSE if name in credential["response"]}
    kept = {name: credential[name] for name in CREDENTIAL if name in credential}
    return {**kept, "response": response}
