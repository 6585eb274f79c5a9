"""The traveler of the storm, with offers that are ready to be booked, spread over many departures.

python -m tests.chaos.cast <offers> <offers a day> <the receiver's port>      prints a JSON `Cast`
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from itertools import count
from typing import Any

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from movmo.kit import clock
from tests.bench.cast import Traveler
from tests.bench.records import Cast

FIRST_DAY = 30


class Storm(Traveler):
    """Searches another day each time `a_day` offers were taken of one."""

    def __init__(self, a_day: int) -> None:
        super().__init__()
        self._a_day = a_day
        self._days = count(FIRST_DAY)
        self._turns = count()

    def _search(self) -> list[dict[str, Any]]:
        departure = (clock.now() + timedelta(days=next(self._days))).date().isoformat()
        part = {"origin": "MUC", "destination": "LIS", "departure_date": departure}
        found: list[dict[str, Any]] = self.call(
            "search_flights", slices=[part], provider="sandbox", max_connections=0, limit=50
        )["data"]
        return found[: self._a_day]

    def _mapped(self, offer: dict[str, Any]) -> dict[str, Any]:
        """Every other that may be held is held."""
        booking = super()._mapped(offer)
        place = {name: booking[name] for name in ("provider", "offer_id")}
        details = self.call("get_offer_details", **place)
        may_be_held = not details["payment_requirements"]["requires_instant_payment"]
        return {**booking, "mode": "hold"} if may_be_held and next(self._turns) % 2 else booking


def main(offers: int, a_day: int, receiver: int) -> None:
    ana = Storm(a_day)
    ana.call("create_webhook_endpoint", url=f"http://127.0.0.1:{receiver}/hooks")
    cast = Cast(api_key=ana.api_key, token=ana.token, bookings=[], offers=ana.offers(offers))
    sys.stdout.write(json.dumps(asdict(cast)) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
