"""The shop's pages. They have a strict content policy of their own, which names Movmo where the button needs it."""

import json
import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from movmo.demo.shop import place, shelf
from movmo.demo.shop.back_end import Movmo

CHOICES = {
    "mode": ("auto", "modal", "popup", "redirect"),
    "theme": ("auto", "light", "dark", "outline"),
    "locale": ("en", "de", "fr", "es", "nl"),
    "coop": ("same-origin-allow-popups", "same-origin"),
}
"""What the address may choose; the first is meant where it says nothing."""
AIRPORT = re.compile("[A-Z]{3}")


@require_GET
def flight(request: HttpRequest) -> HttpResponse:
    """One flight with its button, and what is heard and read while somebody buys it. `from` and `to` choose another."""
    chosen = _chosen(request)
    origin, destination = _airport(request, "from", "MUC"), _airport(request, "to", "LIS")
    offer = shelf.find(origin, destination)
    told = {
        "chosen": chosen,
        "choices": {name: CHOICES[name] for name in ("mode", "theme", "locale")},
        "movmo": settings.ORIGIN,
        "offer": shelf.described(offer) if offer else None,
        "route": f"{origin} → {destination}",
    }
    return _guarded(render(request, "demo/shop.html", told), coop=chosen["coop"])


@require_POST
def open_session(request: HttpRequest) -> HttpResponse:
    """What the button's `fetchSession` asks for: the secret goes to the page that asked, and nowhere else."""
    if request.headers.get("Origin") != place.origin():
        return JsonResponse({"message": "This is for the shop's own pages."}, status=403)
    try:
        asked = json.loads(request.body)
        offer_id, locale = str(asked["offer_id"]), str(asked.get("locale", "en"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return JsonResponse({"message": "Say which offer."}, status=400)
    offer = shelf.take(offer_id)
    if offer is None:
        return JsonResponse({"message": "This offer is gone. Load the page again."}, status=410)
    status, told = _movmo(request).open(offer, locale=locale)
    return _guarded(JsonResponse(told, status=status))


@require_GET
def read_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The session as the shop's server reads it: this, and not the page, knows whether something was sold."""
    status, told = _movmo(request).read(session_id)
    return _guarded(JsonResponse(told, status=status))


@require_GET
def thanks(request: HttpRequest) -> HttpResponse:
    """Where redirect mode leads in the end."""
    told: dict[str, Any] = {}
    try:
        status, told = _movmo(request).read(UUID(request.GET.get("session_id", "")))
        session = told if status == 200 else None
    except ValueError:
        session = None
    return _guarded(render(request, "demo/thanks.html", {"session": session}))


def _movmo(request: HttpRequest) -> Movmo:
    return Movmo(request.META["SERVER_PORT"])


def _chosen(request: HttpRequest) -> dict[str, str]:
    asked = {name: request.GET.get(name, "") for name in CHOICES}
    return {name: asked[name] if asked[name] in known else known[0] for name, known in CHOICES.items()}


def _airport(request: HttpRequest, name: str, usual: str) -> str:
    asked = request.GET.get(name, "").upper()
    return asked if AIRPORT.fullmatch(asked) else usual


def _guarded(response: HttpResponse, *, coop: str = CHOICES["coop"][0]) -> HttpResponse:
    """The policies that docs/checkout.md asks of a partner's page."""
    movmo = settings.ORIGIN
    response.headers["Content-Security-Policy"] = "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {movmo}",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            f"frame-src {movmo}",
            f"form-action 'self' {movmo}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )
    response.headers["Permissions-Policy"] = f'payment=(self "{movmo}"), publickey-credentials-get=(self "{movmo}")'
    response.headers["Cross-Origin-Opener-Policy"] = coop
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers["Cache-Control"] = "no-store"
    return response
