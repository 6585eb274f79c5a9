"""Where the partner's webhooks arrive: writes every id down, and is not always polite about it.

python -m tests.chaos.receiver <port> <file> <seed>
"""

from __future__ import annotations

import os
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REFUSES, FORGETS_TO_ANSWER, IS_LATE = 0.10, 0.08, 0.02
LATE_SECONDS = 3.0


class Receiver(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, received: Path, seed: str) -> None:
        super().__init__(("127.0.0.1", port), Inbox)
        self.received = os.open(received, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.chance = random.Random(seed)


class Inbox(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """What is refused was not received; what was received may go unanswered, and comes again."""
        self.rfile.read(int(self.headers["content-length"]))
        drawn = self.server.chance.random()
        if drawn < REFUSES:
            return self._answer(503)
        os.write(self.server.received, f"{self.headers['webhook-id']}\n".encode())
        if drawn < REFUSES + FORGETS_TO_ANSWER:
            return None
        if drawn < REFUSES + FORGETS_TO_ANSWER + IS_LATE:
            time.sleep(LATE_SECONDS)
        return self._answer(204)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


def main(port: int, received: Path, seed: str) -> None:
    Receiver(port, received, seed).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
