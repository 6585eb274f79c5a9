"""Fetch a client's own document from wherever a stranger says it is. The network part: no Django, no rows.

DocumentError
├── Refused       the address or the document is not one to work with; asking again changes nothing
├── Unreachable   nothing usable came back this time
└── Crowded       too many are being fetched at this moment

What stands between that stranger and the machines around this server:

    https, on its standard port, to a name and never to an address
    the name is looked up once, every address it has must be public, and the connection goes to one of those
    the certificate is checked for the name
    redirects are not followed
    one deadline over everything, from the look-up to the last byte, however slowly they come
    a few KB of JSON at most, and a few fetches at a time
"""

import http.client
import io
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import BoundedSemaphore, Thread
from typing import Any
from urllib.parse import unquote

PORT = 443
LONGEST_ADDRESS = 255
DEADLINE = 5.0
AT_ONCE = 3  # of a worker's eight threads: the others have callers to serve
MOST_ADDRESSES = 4
LARGEST_DOCUMENT = LARGEST_HEADER = 8_192
# For how long a document is believed: what it says itself, within these.
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=1)

# Lower case and no user, because an id is compared byte for byte; a last label that starts with a letter, because
# 127.0.0.1 has other spellings.
_ADDRESS = re.compile(
    r"https://((?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*)(?::443)?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*(?:\?[^\s#\\]*)?)", re.ASCII
)
_NAMES_AT_HOME = (".localhost", ".local", ".internal", ".home.arpa")
_GLOBAL_UNICAST, _NAT64 = ip_network("2000::/3"), ip_network("64:ff9b::/96")
_JSON = re.compile(r"application/([\w.+-]+\+)?json")
_MAX_AGE = re.compile(r"max-age\s*=\s*(\d{1,9})\b")

Resolve = Callable[[str, int], Iterable[str]]
"""The addresses of a name. Raises OSError."""
Dial = Callable[[str, int, float], socket.socket]
"""A connection to an address and port, in so many seconds. Raises OSError."""


class DocumentError(Exception):
    """The text says what is wrong, for the person who was sent here by the application."""


class Refused(DocumentError): ...


class Unreachable(DocumentError): ...


class Crowded(DocumentError): ...


@dataclass(frozen=True, slots=True)
class Document:
    content: dict[str, Any]
    lifetime: timedelta


def addresses_of(name: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(name, port, proto=socket.IPPROTO_TCP)]


def dial(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=seconds)


def is_public(address: str) -> bool:
    """Whether anybody on the internet may be meant by it. Of IPv6 only what is given out: forms that carry an IPv4
    address inside lead back into private networks, but for NAT64, by which an IPv6 network reaches the rest."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip in _NAT64:
        ip = IPv4Address(int(ip) & 0xFFFFFFFF)
    if isinstance(ip, IPv6Address) and (ip not in _GLOBAL_UNICAST or ip.sixtofour):
        return False
    return ip.is_global and not ip.is_multicast


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


class Fetcher:
    """What touches the network is given: a test brings its own resolver, connections and certificates."""

    def __init__(
        self,
        *,
        resolve: Resolve = addresses_of,
        dial: Dial = dial,
        tls: Callable[[], ssl.SSLContext] = _trusted,
        deadline: float = DEADLINE,
        at_once: int = AT_ONCE,
    ) -> None:
        self._resolve, self._dial, self._tls, self._deadline = resolve, dial, tls, deadline
        self._slots = BoundedSemaphore(at_once)

    def fetch(self, address: str) -> Document:
        """The document at an address. Raises Refused, Unreachable or Crowded, after `deadline` seconds at the latest.

        The exchange runs beside the caller, because a look-up of a name takes no deadline. It keeps its slot until it
        is really over.
        """
        name, target = _split(address)
        if not self._slots.acquire(blocking=False):
            raise Crowded("too many documents are being fetched at this moment; try again in a few seconds")
        outcome: Future[Document] = Future()
        Thread(target=self._work, args=(outcome, name, target), name="client-document", daemon=True).start()
        try:
            return outcome.result(self._deadline)
        except TimeoutError:
            raise self._too_late() from None

    def _too_late(self) -> Unreachable:
        return Unreachable(f"there was no complete answer within {self._deadline:g} seconds")

    def _work(self, outcome: "Future[Document]", name: str, target: str) -> None:
        try:
            outcome.set_result(self._exchange(name, target, time.monotonic() + self._deadline))
        except TimeoutError:
            outcome.set_exception(self._too_late())
        except OSError:  # the resolver, the connection, the certificate: which one tells strangers about our network
            outcome.set_exception(Unreachable(f"no trusted connection to {name} could be made or kept"))
        except Exception as failure:  # noqa: BLE001 it is raised again where the caller waits
            outcome.set_exception(failure)
        finally:
            self._slots.release()

    def _exchange(self, name: str, target: str, ends: float) -> Document:
        addresses = list(self._resolve(name, PORT))
        if not addresses or not all(is_public(address) for address in addresses):
            raise Refused(f"{name} is not on the public internet")
        with self._connected(name, addresses[:MOST_ADDRESSES], ends) as connection:
            request = f"GET {target} HTTP/1.1\r\nHost: {name}\r\nAccept: application/json, application/*+json\r\n"
            request += "Accept-Encoding: identity\r\nUser-Agent: Movmo\r\nConnection: close\r\n\r\n"
            connection.settimeout(_left(ends))
            connection.sendall(request.encode())
            return _parsed(_received(connection, ends))

    def _connected(self, name: str, addresses: list[str], ends: float) -> ssl.SSLSocket:
        """To the first address that answers. Every one was checked, and none is looked up again."""
        for address in addresses:
            with suppress(OSError):
                plain = self._dial(address, PORT, _left(ends))
                break
        else:
            raise ConnectionError
        try:
            plain.settimeout(_left(ends))
            return self._tls().wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise


def _split(address: str) -> tuple[str, str]:
    """Name and request target."""
    if len(address) > LONGEST_ADDRESS:
        raise Refused(f"the address of a document has at most {LONGEST_ADDRESS} characters")
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise Refused("the address of a document is like https://app.example.com/client.json: https, a name, a path")
    name, target = match.groups()
    if any(unquote(segment) in (".", "..") for segment in target.partition("?")[0].split("/")):
        raise Refused("the address of a document has no . or .. in its path")
    if f".{name}".endswith(_NAMES_AT_HOME):
        raise Refused(f"{name} is not on the public internet")
    return name, target


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _received(connection: ssl.SSLSocket, ends: float) -> bytes:
    """Everything until the other side closes, as `Connection: close` asked it to."""
    received = bytearray()
    while True:
        connection.settimeout(_left(ends))
        part = connection.recv(4_096)
        if not part:
            return bytes(received)
        received += part
        if len(received) > LARGEST_HEADER + LARGEST_DOCUMENT:
            raise Refused(f"it is larger than {LARGEST_DOCUMENT} bytes")


class _Received:
    """What http.client reads a response from."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


def _parsed(received: bytes) -> Document:
    response = http.client.HTTPResponse(_Received(received), method="GET")  # type: ignore[arg-type]
    try:
        response.begin()
        body = response.read()
    except (http.client.HTTPException, ValueError):
        raise Unreachable("the answer was no complete HTTP response") from None
    if response.status != 200:
        raise Unreachable(f"the answer was HTTP {response.status}; it must be 200, and redirects are not followed")
    if len(body) > LARGEST_DOCUMENT:
        raise Refused(f"it is larger than {LARGEST_DOCUMENT} bytes")
    media_type = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    if not _JSON.fullmatch(media_type) or response.getheader("Content-Encoding", "identity") != "identity":
        raise Refused("it is not sent as application/json without compression")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Refused("it is not one JSON object")
    return Document(content, _lifetime(response.getheader("Cache-Control") or ""))


def _lifetime(cache_control: str) -> timedelta:
    stated = _MAX_AGE.search(cache_control.lower())
    if "no-store" in cache_control.lower() or "no-cache" in cache_control.lower():
        return SHORTEST
    return max(SHORTEST, min(LONGEST, timedelta(seconds=int(stated[1])))) if stated else LONGEST
