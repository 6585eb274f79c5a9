"""Pages that say: not now."""

import math

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from movmo.accounts import limits
from movmo.accounts.session import devices

OFFICE = 10  # times as many codes of a network as of an address: one network is many people


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429, with `Retry-After` in seconds."""
    page = render(request, "429.html", {"minutes": math.ceil(seconds / 60)}, status=429)
    page["Retry-After"] = str(seconds)
    return page


def wait_for_code(request: HttpRequest, email: str) -> int:
    """Take one letter with a code; 0 or the seconds until there is another.

    Strangers get one answer for all addresses, whoever has an account. A browser that the account was used with before
    has letters of its own: whoever keeps asking for codes of somebody else's address does not keep that person out.
    """
    an_hour = settings.MOVMO_CODES_PER_HOUR
    return limits.wait("codes network", limits.network_of(request), an_hour=OFFICE * an_hour) or limits.wait(
        "codes address", devices.known_as(request, email) or email, an_hour=an_hour
    )


def wait_for_passkey(request: HttpRequest) -> int:
    """Take one try of its network: a challenge, or the answer to one. 0 or the seconds until there is another."""
    an_hour = settings.MOVMO_PASSKEY_SIGN_INS_PER_HOUR
    return limits.wait("passkey network", limits.network_of(request), an_hour=an_hour)
