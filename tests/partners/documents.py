"""A host on the internet that publishes client documents: a real TLS server on loopback, found by a made-up look-up."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from partners.oauth.fetcher import Fetcher

NAME = "scout.example.com"
ADDRESS = f"https://{NAME}/client.json"
PUBLIC = "93.184.215.14"

Answer = Callable[[ssl.SSLSocket], None]


def document(**changes: Any) -> dict[str, Any]:
    """A right document of scout's. None leaves a field out."""
    content = {
        "client_id": ADDRESS,
        "client_name": "Scout",
        "redirect_uris": ["http://127.0.0.1:51234/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    } | changes
    return {name: value for name, value in content.items() if value is not None}


def response(body: bytes | dict[str, Any], *, status: str = "200 OK", headers: str = "") -> bytes:
    raw = json.dumps(body).encode() if isinstance(body, dict) else body
    headers = headers or "Content-Type: application/json\r\n"
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


def certificate(folder: Path, *names: str) -> Path:
    """A certificate with its key in one file, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{names[0]}.pem"
    plain = serialization.NoEncryption()
    key_text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(key_text + made.public_bytes(serialization.Encoding.PEM))
    return path


class Host:
    """Publishes at ADDRESS whatever `answers` is: bytes, or something that is done to the connection."""

    def __init__(self, certificate: Path) -> None:
        self.answers: bytes | Answer = response(document())
        self.addresses = [PUBLIC]
        self.requests: list[str] = []
        self.looked_up: list[str] = []
        self.dialled: list[str] = []
        self.closing = threading.Event()
        self._certificate = certificate
        self._listener = socket.create_server(("127.0.0.1", 0))

    def fetcher(self, **options: Any) -> Fetcher:
        given: dict[str, Any] = {"resolve": self.resolve, "dial": self.dial, "tls": self.trusting}
        return Fetcher(**(given | options))

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._certificate)

    def resolve(self, name: str, port: int) -> list[str]:
        self.looked_up.append(name)
        return self.addresses

    def dial(self, address: str, port: int, seconds: float) -> socket.socket:
        assert port == 443
        self.dialled.append(address)
        return socket.create_connection(self._listener.getsockname(), timeout=seconds)

    def publish(self, body: dict[str, Any], **options: str) -> None:
        self.answers = response(body, **options)

    def serve(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate)
        while True:
            try:
                plain = self._listener.accept()[0]
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                self._answer(connection)

    def _answer(self, connection: ssl.SSLSocket) -> None:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            part = connection.recv(4_096)
            if not part:
                return
            asked += part
        self.requests.append(asked.decode())
        if isinstance(self.answers, bytes):
            connection.sendall(self.answers)
        else:
            self.answers(connection)

    def drip(self, connection: ssl.SSLSocket) -> None:
        """A right start, and then a byte now and again, each well within any time-out of a single read."""
        connection.sendall(response(document()).partition(b"{")[0])
        while not self.closing.is_set():
            connection.sendall(b" ")
            time.sleep(0.02)

    def close(self) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def published(folder: Path, *names: str) -> Iterator[Host]:
    host = Host(certificate(folder, *(names or (NAME,))))
    thread = threading.Thread(target=host.serve, name="document-host", daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.close()
        thread.join(5)
