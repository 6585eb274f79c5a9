"""A partner's server that receives webhooks: real TLS on loopback, found by a made-up look-up, many calls at once."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from standardwebhooks import Webhook

from movmo.kit.outbound import Outbound
from tests.partners.documents import PUBLIC, certificate

NAME = "hooks.example.com"
URL = f"https://{NAME}/movmo?tenant=7"

Answer = Callable[[Any, "Received"], None]
"""What is done to the connection on which a request came in."""


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = orjson.loads(self.body)
        return told

    def verified_with(self, secret: str) -> Any:
        """By the library that partners use. Raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


def answer(status: str = "204 No Content", headers: str = "", body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


class Receiver:
    """Answers with `answers`: bytes, or something that is done to the connection; with several, one after the other,
    and the last one from then on.
    """

    def __init__(self, certificate: Path | None) -> None:
        self.answers: list[bytes | Answer] = [answer()]
        self.addresses = [PUBLIC]
        self.received: list[Received] = []
        self.dialled: list[str] = []
        self.looked_up: list[str] = []
        self.under_way = 0
        self.most_under_way = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._certificate = certificate
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def outbound(self) -> Outbound:
        return Outbound(resolve=self.resolve, dial=self.dial, tls=self.trusting)

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._certificate)

    def resolve(self, name: str, port: int) -> list[str]:
        self.looked_up.append(name)
        return self.addresses

    def dial(self, address: str, port: int, seconds: float) -> socket.socket:
        assert port == 443
        self.dialled.append(address)
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def serve(self) -> None:
        while True:
            try:
                plain = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._meet, args=(plain,), daemon=True).start()

    def _meet(self, plain: socket.socket) -> None:
        with suppress(OSError), self._secured(plain) as connection, self._counted():
            self._talk(connection)

    def _secured(self, plain: socket.socket) -> socket.socket:
        if self._certificate is None:
            return plain
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate)
        return context.wrap_socket(plain, server_side=True)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1

    def _talk(self, connection: socket.socket) -> None:
        request = _read(connection)
        if request is None:
            return
        with self._lock:
            self.received.append(request)
            reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(reply):
            reply(connection, request)
        else:
            connection.sendall(reply)

    def drip(self, connection: Any, request: Received) -> None:
        """A right start, and then a byte now and again, each well within any time-out of a single read."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.closing.wait(0.02):
            connection.sendall(b"x")

    def hang(self, connection: Any, request: Received) -> None:
        self.closing.wait(30)

    def close(self) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _read(connection: socket.socket) -> Received | None:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(4_096)
        if not part:
            return None
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(4_096)
    return Received(line, headers, body)


@contextmanager
def receiving(folder: Path | None, *names: str) -> Iterator[Receiver]:
    """Without a folder for its certificate it speaks plain HTTP."""
    receiver = Receiver(certificate(folder, *(names or (NAME,))) if folder else None)
    thread = threading.Thread(target=receiver.serve, name="receiver", daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.close()
        thread.join(5)
