"""The hostile airline: an HTTP server of its own that keeps its books well and its manners badly.

    python -m tests.chaos.hostile_airline <port> <ledger> <seed> <seats>

What it does to a request is drawn from the seed, the order's reference and how often that has come, so a run can be
repeated. One promise it keeps, as every provider must that is ever asked twice: an order appears within PROCESSING
seconds after it was sent, or never. POST /calm ends its moods.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.chaos.ledger import Ledger, Over, SoldOut

PROCESSING = 5.0
PATIENCE = 1.0
"""How long its callers wait for an answer."""
LATE_ANSWER = (1.2, 2.6)
LATE_ORDER = (1.2, 4.5)

Reply = tuple[int, dict[str, Any]]
Work = Callable[[], Reply]


class Mood(StrEnum):
    HONEST = "honest"
    SLOW = "slow, in time"
    LATE_ANSWER = "commits, answers too late"
    LATE_ORDER = "commits after the caller has hung up"
    DROPS = "commits, hangs up"
    RESETS = "commits, resets the connection"
    RESETS_FIRST = "resets the connection, does nothing"
    UNAVAILABLE = "503, did nothing"
    BROKEN = "commits, 500"
    GARBAGE = "commits, answers half a body"
    TWICE = "its proxy sends the request twice"
    PONDERS = "pending at first"


WEIGHTS = {
    Mood.HONEST: 48,
    Mood.SLOW: 4,
    Mood.LATE_ANSWER: 5,
    Mood.LATE_ORDER: 9,
    Mood.DROPS: 5,
    Mood.RESETS: 5,
    Mood.RESETS_FIRST: 4,
    Mood.UNAVAILABLE: 5,
    Mood.BROKEN: 5,
    Mood.GARBAGE: 3,
    Mood.TWICE: 4,
    Mood.PONDERS: 3,
}
DOES_NOTHING = (Mood.RESETS_FIRST, Mood.UNAVAILABLE)


class HostileAirline(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, ledger: Ledger, seed: str) -> None:
        super().__init__(("127.0.0.1", port), Desk)
        self.ledger = ledger
        self.seed = seed
        self.is_calm = False

    def mood(self, *of: object) -> Mood:
        if self.is_calm:
            return Mood.HONEST
        drawn = random.Random(":".join(map(str, (self.seed, *of))))
        return drawn.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed hangs up; that is what they are here for."""


class Desk(BaseHTTPRequestHandler):
    server: HostileAirline

    def do_GET(self) -> None:
        kind, _, value = self.path.strip("/").partition("/")
        column = {"references": "client_reference", "orders": "order_id"}[kind]
        self._behave(self.server.mood("look", value, time.monotonic()), lambda: self._found(column, value))

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        parts = self.path.strip("/").split("/")
        if parts == ["calm"]:
            self.server.is_calm = True
            return self._answer((200, {}))
        if parts == ["orders"]:
            return self._order(sent)
        _, order_id, verb = parts
        mood = self.server.mood(verb, order_id, time.monotonic())
        return self._behave(mood, lambda: self._amend(order_id, verb))

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _order(self, sent: dict[str, Any]) -> None:
        ledger, reference = self.server.ledger, sent["client_reference"]
        mood = self.server.mood(reference, ledger.arrivals(reference))
        arrival = ledger.arrived(reference, mood)
        if mood is Mood.PONDERS:
            sent["becomes"] = (random.Random(reference).choice(["confirmed", "confirmed", "failed"]), 4.0)

        def work(arrival: int = arrival) -> Reply:
            if time.time() > sent["sent_at"] + PROCESSING:
                ledger.turned_away(arrival, "too_old")
                return 503, {"code": "order_not_created"}
            try:
                order, is_new = ledger.take(arrival, sent)
            except SoldOut:
                return 422, {"code": "sold_out"}
            return (201, order) if is_new else (409, {"code": "duplicate_reference"})

        if mood is Mood.TWICE:
            work()
            again = ledger.arrived(reference, mood, replayed=True)
            return self._answer(work(again))
        if mood in DOES_NOTHING:
            ledger.turned_away(arrival, "refused")
        return self._behave(mood, work)

    def _found(self, column: str, value: str) -> Reply:
        order = self.server.ledger.find(column, value)
        return (404, {"code": "not_found"}) if order is None else (200, order)

    def _amend(self, order_id: str, verb: str) -> Reply:
        ledger = self.server.ledger
        try:
            if verb == "payment":
                return 200, ledger.pay(order_id)
            if verb == "cancellation":
                return 200, ledger.cancel(order_id)
            reference = f"quo_{uuid4().hex}"
            return 201, {**ledger.quote(order_id, reference), "reference": reference}
        except Over:
            return 422, {"code": "order_over"}

    def _behave(self, mood: Mood, work: Work) -> None:
        if mood is Mood.UNAVAILABLE:
            return self._answer((503, {"code": "order_not_created"}))
        if mood is Mood.RESETS_FIRST:
            return self._reset()
        if mood is Mood.LATE_ORDER:
            time.sleep(random.uniform(*LATE_ORDER))
        if mood is Mood.SLOW:
            time.sleep(PATIENCE / 2)
        reply = work()
        if mood is Mood.LATE_ANSWER:
            time.sleep(random.uniform(*LATE_ANSWER))
        return self._end_badly(mood, reply)

    def _end_badly(self, mood: Mood, reply: Reply) -> None:
        if mood is Mood.DROPS:
            return None
        if mood is Mood.RESETS:
            return self._reset()
        if mood is Mood.BROKEN:
            return self._answer((500, {"code": "internal"}))
        if mood is Mood.GARBAGE:
            self.wfile.write(b'HTTP/1.0 201 Created\r\ncontent-length: 400\r\n\r\n{"order_id": "or')
            return None
        return self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        status, content = reply
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def main(port: int, path: Path, seed: str, seats: int) -> None:
    HostileAirline(port, Ledger(path, capacity=seats), seed).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
