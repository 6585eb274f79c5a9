"""The headers that every answer carries, whichever door it leaves by.

`Headers` is the outermost middleware of the WSGI side, `Stamped` wraps the ASGI application for what never comes to
Django: MCP's answers, and refusals of the server's own. `ContentPolicy` is the policy of pages, with nonces on demand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OFFICE = "/admin/"
ACCOUNT = "/accounts/"
CONSENT = "/v1/oauth/authorize"
OPENER_POLICY = "Cross-Origin-Opener-Policy"
PERMISSIONS = "Permissions-Policy"
# Consent, and the sign-in on the way to it. A client that runs in a browser opens them in a window of its own and
# waits there for the answer, which comes back to *its* page: with `same-origin` the browser cuts the two windows
# apart for good, and the answer never arrives. Everything else keeps strangers' windows at a distance.
OPENED_BY_CLIENTS = (CONSENT, "/accounts/login/")
MAY_HOLD_PASSKEYS = (ACCOUNT, OFFICE)
CHECKOUT = "/c/"
"""Checkouts stand in frames and windows of partners' pages."""
BUTTON = "/static/checkout/v1/"
"""What partners' pages load from here: with their own origin's permission to check it by its digest (SRI)."""
OF_A_VERSION = re.compile(re.escape(BUTTON) + r"\d+\.\d+\.\d+/")
"""Built once: other bytes get another version. Everything else is kept for as short as the file server says."""
FOREVER = "public, max-age=31536000, immutable"
FOUND = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED)

_DENIED = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone",
    "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
_PASSKEYS = ("publickey-credentials-create", "publickey-credentials-get")
_PAYING = ("payment", "publickey-credentials-get")
NO_FEATURES = ", ".join(f"{feature}=()" for feature in sorted((*_DENIED, *_PASSKEYS)))
PASSKEYS_ONLY = ", ".join([*(f"{feature}=()" for feature in _DENIED), *(f"{feature}=(self)" for feature in _PASSKEYS)])
PAYING_ONLY = ", ".join(
    [
        *(f"{feature}=()" for feature in (*_DENIED, *_PASSKEYS) if feature not in _PAYING),
        *(f"{feature}=(self)" for feature in _PAYING),
    ]
)
# The opener of a checkout's window waits for its answer, as clients do. The address of a checkout is nobody's business
# but its partner's; origins are told, since posts without one would come as from nowhere.
OF_CHECKOUT = {OPENER_POLICY: "unsafe-none", PERMISSIONS: PAYING_ONLY, "Referrer-Policy": "strict-origin"}
OF_BUTTON = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}


def everywhere() -> dict[str, str]:
    """What an answer says that says nothing itself. The content policy is for data: nothing in it is to be run.

    Referrers stay `same-origin` rather than `no-referrer`: under the latter browsers post forms with `Origin: null`,
    which the CSRF check refuses. The promise of https is made whatever the scheme the proxy tells: browsers heed it
    over https only, and production has an https origin only.
    """
    headers = {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        OPENER_POLICY: "same-origin",
        PERMISSIONS: NO_FEATURES,
    }
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return headers


class Headers:
    """Middleware. To be the first, so that files, refusals and pages of errors have them too."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._everywhere = tuple(everywhere().items())

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        for name, value in _of_place(request.path_info):
            response.headers[name] = value
        if OF_A_VERSION.match(request.path_info) and response.status_code in FOUND:
            response.headers["Cache-Control"] = FOREVER
        if request.path_info.startswith(MAY_HOLD_PASSKEYS):
            response.headers.setdefault(PERMISSIONS, PASSKEYS_ONLY)
        for name, value in self._everywhere:
            response.headers.setdefault(name, value)
        return response


def _of_place(path: str) -> Iterable[tuple[str, str]]:
    """What is otherwise at some addresses, whatever their pages say."""
    if path.startswith(OPENED_BY_CLIENTS):
        return [(OPENER_POLICY, "unsafe-none")]
    if path.startswith(CHECKOUT):
        return OF_CHECKOUT.items()
    return OF_BUTTON.items() if path.startswith(BUTTON) else ()


class ContentPolicy(CSPMiddleware):
    """The content policy of pages; the back office has its own. `request.csp_nonce` makes a nonce, once asked for."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and request.path_info.startswith(OFFICE):
            parts.replace = {**settings.OFFICE_CONTENT_POLICY, **(parts.replace or {})}
        return parts


class Stamped:
    """An ASGI application whose answers have the headers: those that came through Django have them already."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._everywhere = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in everywhere().items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                given: Any = message.setdefault("headers", [])
                names = {name.lower() for name, _ in given}
                if b"x-content-type-options" not in names:
                    missing = [header for header in self._everywhere if header[0] not in names]
                    message = {**message, "headers": [*given, *missing]}
            await send(message)

        await self._application(scope, receive, stamped)
