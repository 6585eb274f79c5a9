"""A call to a host that a stranger names. Sockets only: no framework, no rows.

CallFailed
├── NameUnknown      dns               the name leads nowhere
├── AddressRefused   refused_address   one of its addresses is not on the public internet
├── NotConnected     connect           no connection could be made or kept
├── NotTrusted       tls               no trusted certificate for the name
├── TookTooLong      timeout           no complete answer in the time that there was
├── AnswerTooLarge   too_large         more came back than is read
└── NoAnswer         no_answer         what came back is no complete HTTP response

What stands between that stranger and the machines around this server:

    https, on its standard port, to a name and never to an address
    the name is looked up once, every address it has must be public, and the connection goes to one of those
    the certificate is checked for the name
    redirects are not followed, and no proxy is taken from the environment
    one deadline over everything, from the look-up to the last byte, however slowly they come
"""

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from threading import Thread
from typing import ClassVar, TypeVar

PORT = 443
MOST_ADDRESSES = 4
LARGEST_HEADER = 8_192
NAMES_AT_HOME = (".localhost", ".local", ".internal", ".home.arpa")
_GLOBAL_UNICAST, _NAT64 = ip_network("2000::/3"), ip_network("64:ff9b::/96")
_BODILESS = re.compile(rb"HTTP/1\.[01] (?:204|304)\b")
_LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding:.*\bchunked\b", re.IGNORECASE | re.MULTILINE)

Resolve = Callable[[str, int], Iterable[str]]
"""The addresses of a name. Raises OSError."""
Dial = Callable[[str, int, float], socket.socket]
"""A connection to an address and port, in so many seconds. Raises OSError."""
Result = TypeVar("Result")


class CallFailed(Exception):
    """`failure` is what tables and answers call it. Nothing of our own network is told."""

    failure: ClassVar[str]


class NameUnknown(CallFailed):
    failure = "dns"


class AddressRefused(CallFailed):
    failure = "refused_address"


class NotConnected(CallFailed):
    failure = "connect"


class NotTrusted(CallFailed):
    failure = "tls"


class TookTooLong(CallFailed):
    failure = "timeout"


class AnswerTooLarge(CallFailed):
    failure = "too_large"


class NoAnswer(CallFailed):
    failure = "no_answer"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a call goes to; `path` has its query. `loopback_port`: without TLS to a port of this very machine, for
    trials in development.
    """

    name: str
    path: str
    loopback_port: int | None = None

    @property
    def host(self) -> str:
        return self.name if self.loopback_port is None else f"{self.name}:{self.loopback_port}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


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
def trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def beside(work: Callable[[], Result], *, name: str) -> "Future[Result]":
    """Begin the work in a thread of its own, because a look-up of a name takes no deadline. Whoever waits may give up;
    the thread ends by itself, and holds up no process that ends.
    """
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as failure:  # noqa: BLE001  it is raised again where the caller waits
            outcome.set_exception(failure)

    Thread(target=run, name=name, daemon=True).start()
    return outcome


class Outbound:
    """What touches the network is given: a test brings its own resolver, connections and certificates."""

    def __init__(
        self, *, resolve: Resolve = addresses_of, dial: Dial = dial, tls: Callable[[], ssl.SSLContext] = trusted
    ) -> None:
        self._resolve, self._dial, self._tls = resolve, dial, tls

    def addresses(self, name: str) -> list[str]:
        """Where the name leads, as far as we would go. Raises NameUnknown or AddressRefused."""
        try:
            found = list(self._resolve(name, PORT))
        except (OSError, UnicodeError):
            raise NameUnknown from None
        if not found or not all(is_public(address) for address in found):
            raise AddressRefused
        return found[:MOST_ADDRESSES]

    def call(self, target: Target, request: bytes, *, seconds: float, largest: int) -> Answer:
        """Send a whole request and read the answer, of which the body may have `largest` bytes. Raises CallFailed."""
        ends = time.monotonic() + seconds
        try:
            with self._connected(target, ends) as connection:
                connection.settimeout(_left(ends))
                connection.sendall(request)
                return _parsed(_received(connection, ends, LARGEST_HEADER + largest), largest)
        except TimeoutError:
            raise TookTooLong from None
        except OSError:
            raise NotConnected from None

    def _connected(self, target: Target, ends: float) -> socket.socket:
        if target.loopback_port is not None:
            return self._dial(target.name, target.loopback_port, _left(ends))
        plain = self._dialled(self.addresses(target.name), ends)
        try:
            plain.settimeout(_left(ends))
            return self._tls().wrap_socket(plain, server_hostname=target.name)
        except BaseException as failure:
            plain.close()
            if isinstance(failure, ssl.SSLError) and not isinstance(failure, TimeoutError):
                raise NotTrusted from None
            raise

    def _dialled(self, addresses: list[str], ends: float) -> socket.socket:
        """To the first address that answers. Every one was checked, and none is looked up again."""
        for address in addresses:
            with suppress(OSError):
                return self._dial(address, PORT, _left(ends))
        _left(ends)
        raise NotConnected


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _received(connection: socket.socket, ends: float, most: int) -> bytes:
    """Until the answer is whole or the other side closes."""
    received = bytearray()
    while not _is_whole(received):
        connection.settimeout(_left(ends))
        part = connection.recv(4_096)
        if not part:
            break
        received += part
        if len(received) > most:
            raise AnswerTooLarge
    return bytes(received)


def _is_whole(received: bytearray) -> bool:
    """Not everybody who is asked to close does: what says how long it is need not end the connection."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    if stated := _LENGTH.search(head):
        return len(body) >= int(stated[1])
    return bool(_BODILESS.match(head)) or (bool(_CHUNKED.search(head)) and body.endswith(b"0\r\n\r\n"))


class _Received:
    """What http.client reads a response from."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


def _parsed(received: bytes, largest: int) -> Answer:
    response = http.client.HTTPResponse(_Received(received), method="POST")  # type: ignore[arg-type]
    try:
        response.begin()
        body = response.read()
    except (http.client.HTTPException, ValueError, OverflowError):  # a length beyond all numbers, for one
        raise NoAnswer from None
    if len(body) > largest:
        raise AnswerTooLarge
    return Answer(response.status, response.headers, body)
