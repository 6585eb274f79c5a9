"""One of the processes that send the same keys: every key once, over one door or the other, until it is answered.

Reads a JSON `Errand` from standard input and prints a JSON `Outcome`.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

import httptools

from tests.bench import calls
from tests.bench.records import Cast, Errand, Outcome

PATIENCE_SECONDS = 60
PAUSE_SECONDS = 0.05
# The answers to a duplicate that came while the first was running, and to a lock that was not to be had in time.
COME_AGAIN = ("idempotency_in_progress", "contended")


class Server:
    """A blocking keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)

    def exchange(self, message: str) -> tuple[int, str]:
        """Status and body of the answer."""
        self._body, self._whole = b"", False
        parser = httptools.HttpResponseParser(self)
        self._socket.sendall(message.encode("latin-1"))
        while not self._whole:
            received = self._socket.recv(65_536)
            if not received:
                raise ConnectionError("the server hung up")
            parser.feed_data(received)
        return parser.get_status_code(), self._body.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._whole = True


def main() -> None:
    errand = Errand(**json.load(sys.stdin))
    cast = Cast(**errand.cast)
    servers = [Server(port) for port in errand.ports]
    bookings: dict[str, str] = {}
    refusals: Counter[str] = Counter()
    for index, (key, offer) in enumerate(zip(errand.keys, cast.offers, strict=True)):
        # At any moment the submitters are at one key, each at another server, half of them at each door.
        server = servers[(errand.number + index) % len(servers)]
        over_mcp = (errand.number + index // len(servers)) % 2 == 1
        booking_id = _submit(server, cast, offer, key, over_mcp, refusals)
        if booking_id is not None:
            bookings[key] = booking_id
    sys.stdout.write(json.dumps(asdict(Outcome(bookings, dict(refusals)))) + "\n")


def _submit(
    server: Server, cast: Cast, offer: dict[str, Any], key: str, over_mcp: bool, refusals: Counter[str]
) -> str | None:
    """The booking's id, or None for an answer that is neither a booking nor an invitation to come again."""
    ask = _over_mcp if over_mcp else _over_rest
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        status, answer = ask(server, cast, offer, key)
        if status < 400 and "booking_id" in answer:
            booking_id: str = answer["booking_id"]
            return booking_id
        code = str(answer.get("code", answer))
        refusals[f"{status} {code}" if status >= 500 else code] += 1
        if status >= 500 or code not in COME_AGAIN:
            return None
        time.sleep(PAUSE_SECONDS)
    return None


def _over_rest(server: Server, cast: Cast, offer: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
    body = {name: value for name, value in offer.items() if name != "provider"}
    path = f"/v1/flights/providers/{offer['provider']}/bookings"
    status, text = server.exchange(calls.rest(cast, "POST", path, body, key))
    return status, json.loads(text)


def _over_mcp(server: Server, cast: Cast, offer: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
    status, text = server.exchange(calls.mcp(cast, "create_booking", {**offer, "idempotency_key": key}))
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    message = json.loads(events[-1] if events else text)
    return status, message.get("result", {}).get("structuredContent") or message


if __name__ == "__main__":
    main()
