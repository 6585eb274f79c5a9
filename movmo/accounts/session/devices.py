"""Browsers that a person signed in with before. A sign-in from one not among them is told to the person.

A browser holds a random cookie, the table its digest, one row for each person who signed in there. The cookie opens
nothing, and comes after a sign-in only: nobody learns from it which accounts there are.
"""

import re
import secrets
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from movmo.accounts import limits
from movmo.accounts.letter import notices
from movmo.accounts.models import Device, User
from movmo.accounts.session import browsers
from movmo.kit import clock

COOKIE = "movmo_device"
LASTS = timedelta(days=400)  # browsers keep no cookie for longer
_OURS = re.compile(r"[\w-]{43}", re.ASCII)


@transaction.atomic
def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """To be called at every sign-in. The first one of an account is no news to its owner."""
    token = _token(request)
    now = clock.now()
    label = browsers.label(request.headers.get("User-Agent", ""))
    is_first = not user.devices.exists()
    device, is_new = Device.objects.get_or_create(user=user, digest=digest(token), defaults={"label": label})
    if not is_new:
        Device.objects.filter(pk=device.pk).update(label=label, last_seen_at=now)
    elif not is_first:
        notices.new_device(user, label=label, network=limits.network_of(request), at=now)
    response.set_cookie(
        COOKIE,
        token,
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def known_as(request: HttpRequest, email: str) -> str | None:
    """The digest of the browser's cookie, if this account was used with it."""
    kept = _kept(request)
    known = digest(kept) if kept else None
    return known if known and Device.objects.filter(digest=known, user__email=email).exists() else None


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _token(request: HttpRequest) -> str:
    return _kept(request) or secrets.token_urlsafe(32)


def _kept(request: HttpRequest) -> str:
    kept = request.COOKIES.get(COOKIE, "")
    return kept if _OURS.fullmatch(kept) else ""
