"""A client that sends its body a byte at a time and never comes to an end."""

import socket
import time
from typing import Any
from urllib.parse import urlsplit

import orjson

PATIENCE = 10
PAUSE = 0.05


def drip(origin: str, head: bytes) -> tuple[int, Any]:
    """Status and body of the answer that ended it. Fails unless the server answers and closes within PATIENCE."""
    parts = urlsplit(origin)
    deadline = time.monotonic() + PATIENCE
    answer = b""
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PAUSE) as connection:
        connection.sendall(head)
        while time.monotonic() < deadline:
            try:
                if not answer:
                    connection.sendall(b" ")
                piece = connection.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionResetError:  # how a connection ends on which a byte came too late to be read
                piece = b""
            if not piece:
                status, body = answer.split(b" ", 2)[1], answer.partition(b"\r\n\r\n")[2]
                return int(status), orjson.loads(body)
            answer += piece
    raise AssertionError(f"the server still listened after {PATIENCE} seconds; it had answered {answer!r}")
