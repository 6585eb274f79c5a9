"""Fetch a client's own document from wherever a stranger says it is: see `movmo.kit.outbound`. No Django, no rows.

DocumentError
├── Refused       the address or the document is not one to work with; asking again changes nothing
├── Unreachable   nothing usable came back this time
└── Crowded       too many are being fetched at this moment

A few KB of JSON at most, and a few fetches at a time.
"""

import json
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import unquote

from movmo.kit.outbound import (
    NAMES_AT_HOME,
    AddressRefused,
    Answer,
    AnswerTooLarge,
    CallFailed,
    Dial,
    NoAnswer,
    Outbound,
    Resolve,
    Target,
    TookTooLong,
    addresses_of,
    beside,
    dial,
    trusted,
)

LONGEST_ADDRESS = 255
DEADLINE = 5.0
AT_ONCE = 3  # of a worker's eight threads: the others have callers to serve
LARGEST_DOCUMENT = 8_192
# For how long a document is believed: what it says itself, within these.
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=1)

# Lower case and no user, because an id is compared byte for byte; a last label that starts with a letter, because
# 127.0.0.1 has other spellings.
_ADDRESS = re.compile(
    r"https://((?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*)(?::443)?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[^\s#\\]*)?)", re.ASCII
)
_JSON = re.compile(r"application/([\w.+-]+\+)?json")
_MAX_AGE = re.compile(r"max-age\s*=\s*(\d{1,9})\b")


class DocumentError(Exception):
    """The text says what is wrong, for the person who was sent here by the application."""


class Refused(DocumentError): ...


class Unreachable(DocumentError): ...


class Crowded(DocumentError): ...


@dataclass(frozen=True, slots=True)
class Document:
    content: dict[str, Any]
    lifetime: timedelta


class Fetcher:
    """What touches the network is given: a test brings its own resolver, connections and certificates."""

    def __init__(
        self,
        *,
        resolve: Resolve = addresses_of,
        dial: Dial = dial,
        tls: Callable[[], ssl.SSLContext] = trusted,
        deadline: float = DEADLINE,
        at_once: int = AT_ONCE,
    ) -> None:
        self._outbound = Outbound(resolve=resolve, dial=dial, tls=tls)
        self._deadline = deadline
        self._slots = BoundedSemaphore(at_once)

    def fetch(self, address: str) -> Document:
        """The document at an address. Raises Refused, Unreachable or Crowded, after `deadline` seconds at the latest.

        The exchange runs beside the caller, because a look-up of a name takes no deadline. It keeps its slot until it
        is really over.
        """
        target = _split(address)
        if not self._slots.acquire(blocking=False):
            raise Crowded("too many documents are being fetched at this moment; try again in a few seconds")
        try:
            return beside(partial(self._work, target), name="client-document").result(self._deadline)
        except TimeoutError:
            raise self._too_late() from None

    def _too_late(self) -> Unreachable:
        return Unreachable(f"there was no complete answer within {self._deadline:g} seconds")

    def _work(self, target: Target) -> Document:
        request = (
            f"GET {target.path} HTTP/1.1\r\nHost: {target.host}\r\nAccept: application/json, application/*+json\r\n"
        )
        request += "Accept-Encoding: identity\r\nUser-Agent: Movmo\r\nConnection: close\r\n\r\n"
        try:
            answer = self._outbound.call(target, request.encode(), seconds=self._deadline, largest=LARGEST_DOCUMENT)
        except CallFailed as failure:
            raise self._told(failure, target.name) from None
        finally:
            self._slots.release()
        return _document(answer)

    def _told(self, failure: CallFailed, name: str) -> DocumentError:
        match failure:
            case AddressRefused():
                return Refused(f"{name} is not on the public internet")
            case AnswerTooLarge():
                return Refused(f"it is larger than {LARGEST_DOCUMENT} bytes")
            case TookTooLong():
                return self._too_late()
            case NoAnswer():
                return Unreachable("the answer was no complete HTTP response")
            case _:  # the resolver, the connection, the certificate: which one tells strangers about our network
                return Unreachable(f"no trusted connection to {name} could be made or kept")


def _split(address: str) -> Target:
    if len(address) > LONGEST_ADDRESS:
        raise Refused(f"the address of a document has at most {LONGEST_ADDRESS} characters")
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise Refused("the address of a document is like https://app.example.com/client.json: https, a name, a path")
    name, path = match.groups()
    if any(unquote(segment) in (".", "..") for segment in path.partition("?")[0].split("/")):
        raise Refused("the address of a document has no . or .. in its path")
    if f".{name}".endswith(NAMES_AT_HOME):
        raise Refused(f"{name} is not on the public internet")
    return Target(name, path)


def _document(answer: Answer) -> Document:
    if answer.status != 200:
        raise Unreachable(f"the answer was HTTP {answer.status}; it must be 200, and redirects are not followed")
    media_type = (answer.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if not _JSON.fullmatch(media_type) or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused("it is not sent as application/json without compression")
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Refused("it is not one JSON object")
    return Document(content, _lifetime(answer.headers.get("Cache-Control") or ""))


def _lifetime(cache_control: str) -> timedelta:
    stated = _MAX_AGE.search(cache_control.lower())
    if "no-store" in cache_control.lower() or "no-cache" in cache_control.lower():
        return SHORTEST
    return max(SHORTEST, min(LONGEST, timedelta(seconds=int(stated[1])))) if stated else LONGEST
