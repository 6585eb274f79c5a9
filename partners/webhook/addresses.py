"""Which addresses a webhook may have: https to a name on the public internet, on the standard port, and nothing else.

A name is looked up when it is registered, and again at every delivery: what it leads to may change in between.
"""

import re
from concurrent.futures import Future
from functools import partial
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from movmo.kit.errors import DomainError, Kind
from movmo.kit.outbound import NAMES_AT_HOME, AddressRefused, NameUnknown, Outbound, Target, beside

PATIENCE = 3.0
LOOK_UPS_AT_ONCE = 3  # of a worker's eight threads
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label starts with a letter: 127.0.0.1 has other spellings.
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?", re.ASCII)
_NUMERIC = re.compile(r"\[.*\]|(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?", re.ASCII)
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1):([1-9][0-9]{0,4})(/.*)?", re.ASCII)

REASONS = {
    "malformed": "it is not an address like https://hooks.example.com/movmo",
    "not_https": "it does not begin with https://",
    "port": "it names another port than 443",
    "credentials": "it holds a user name or password",
    "fragment": "it has a fragment, which is never sent",
    "ip_address": "it names an IP address where a host name belongs",
    "name": "its host is not a name on the public internet",
    "not_public": "its name leads to an address that is not on the public internet",
}


class WebhookUrlRefused(DomainError):
    """`reason` is one of REASONS. The address itself is not repeated: addresses hold secrets."""

    kind = Kind.RULE
    code = "webhook_url_refused"
    message = "We do not send webhooks to this URL: {because}."
    hint = "Give an https URL with a public host name, on port 443, without credentials, fragment or IP address."
    example = {"reason": "port", "because": REASONS["port"]}

    def __init__(self, *, reason: str, **_: Any) -> None:
        super().__init__(reason=reason, because=REASONS[reason])

    @property
    def fields(self) -> dict[str, str]:
        return {"/url": self.text}


_outbound = Outbound()
_look_ups = BoundedSemaphore(LOOK_UPS_AT_ONCE)


def install(outbound: Outbound) -> Outbound:
    """Look up and send by this one from now on. Returns the one before."""
    global _outbound
    before, _outbound = _outbound, outbound
    return before


def outbound() -> Outbound:
    return _outbound


def target_of(url: str) -> Target:
    """Whom a webhook goes to, as far as the address itself tells. Raises WebhookUrlRefused."""
    if settings.MOVMO_WEBHOOKS_TO_LOOPBACK and (here := _LOOPBACK.fullmatch(url)) and int(here[2]) < 2**16:
        return Target(here[1], _path_of(here[3] or "/"), loopback_port=int(here[2]))
    try:
        parts = urlsplit(url)
        port, host = parts.port, _host_of(parts)
    except ValueError:
        raise WebhookUrlRefused(reason="malformed") from None
    _refuse_parts(url, parts, port)
    _refuse_host(host)
    return Target(host.lower(), _path_of((parts.path or "/") + (f"?{parts.query}" if parts.query else "")))


def look_up(url: str) -> None:
    """Whether the name leads outside. One that nobody knows yet, or that takes long, is asked at each delivery.

    With no transaction open. Raises WebhookUrlRefused.
    """
    target = target_of(url)
    if target.loopback_port is not None or not _look_ups.acquire(blocking=False):
        return
    looking: Future[list[str]] = beside(partial(_addresses, target.name), name="webhook-look-up")
    try:
        looking.result(PATIENCE)
    except AddressRefused:
        raise WebhookUrlRefused(reason="not_public") from None
    except (NameUnknown, TimeoutError):
        pass


def _addresses(name: str) -> list[str]:
    try:
        return _outbound.addresses(name)
    finally:
        _look_ups.release()


def _host_of(parts: SplitResult) -> str:
    """As it is written: `hostname` drops brackets and case. Raises ValueError."""
    return parts.netloc.rpartition("@")[2] if parts.port is None else parts.netloc.rpartition("@")[2].rpartition(":")[0]


def _refuse_parts(url: str, parts: SplitResult, port: int | None) -> None:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise WebhookUrlRefused(reason="malformed")
    if parts.scheme != "https":
        raise WebhookUrlRefused(reason="not_https")
    if "@" in parts.netloc:
        raise WebhookUrlRefused(reason="credentials")
    if port not in (None, 443):
        raise WebhookUrlRefused(reason="port")
    if "#" in url:
        raise WebhookUrlRefused(reason="fragment")


def _refuse_host(host: str) -> None:
    if _NUMERIC.fullmatch(host):
        raise WebhookUrlRefused(reason="ip_address")
    name = host.lower()
    if not _NAME.fullmatch(name) or len(name) > 253 or f".{name}".endswith(NAMES_AT_HOME):
        raise WebhookUrlRefused(reason="name")


def _path_of(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise WebhookUrlRefused(reason="malformed")
    return path
