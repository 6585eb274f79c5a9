"""The bench's traveler: credentials, bookings to read, and offers that are ready to be booked.

python -m tests.bench.cast <bookings> <offers>      prints a JSON `Cast`
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from movmo.kit import clock
from movmo.kit.money import Money
from movmo.operations import registry
from movmo.operations.approval import deciding
from movmo.operations.approval.mandates import Limits
from movmo.operations.context import Caller, Door
from movmo.operations.dispatch import dispatch
from movmo.operations.scopes import SCOPES
from partners import authentication
from tests import factories
from tests.bench.records import Cast

PASSENGER = {"given_name": "Ana María", "family_name": "Müller", "birth_date": "1988-04-12", "gender": "F"}


def dispatch_as(caller: Caller, name: str, **arguments: Any) -> dict[str, Any]:
    """Call an operation inside this process, with a fresh key."""
    operation = registry.get(name)
    assert operation is not None
    return dispatch(operation, caller, arguments, str(uuid4())).view.model_dump(mode="json")


class Traveler:
    """Ana, calling operations inside this process."""

    def __init__(self) -> None:
        factories.plan(rate=1_000_000, burst=1_000_000)
        aviare = factories.partner()
        self.api_key = factories.api_key(aviare)
        client = factories.application(of=aviare)
        # One traveler's agent stands for many: it is the tools that are measured, and not their limits.
        client.tool_limits = " ".join(f"{tool.name}=99999" for tool in registry.tools())
        client.save()
        self.token = factories.token(factories.traveler(), SCOPES, client)
        self.caller = authentication.authenticate(
            door=Door.REST, api_key=self.api_key, bearer=self.token, request_id="bench"
        )
        self._passenger_id = self.call("create_passenger_profile", **PASSENGER)["passenger_id"]

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        return dispatch_as(self.caller, name, **arguments)

    def trust_the_agent(self) -> None:
        """The storms' agent asks nobody: it is the calls that are measured, and not the person."""
        passenger, plenty = UUID(self._passenger_id), Money(10**12, "EUR")
        limits = Limits(plenty, plenty, frozenset({passenger}), valid_until=clock.now() + timedelta(days=1))
        assert self.caller.user_id is not None
        assert self.caller.client_id is not None
        deciding.grant(
            user_id=self.caller.user_id,
            client_id=self.caller.client_id,
            limits=limits,
            granted_with="code",
            now=clock.now(),
        )

    def book(self, offer: dict[str, Any]) -> str:
        booking_id: str = self.call("create_booking", **offer)["booking_id"]
        return booking_id

    def offers(self, count: int) -> list[dict[str, Any]]:
        """Of a direct flight each, with Ana mapped to the only seat."""
        ready: list[dict[str, Any]] = []
        while len(ready) < count:
            ready += [self._mapped(offer) for offer in self._search()[: count - len(ready)]]
        return ready

    def _search(self) -> list[dict[str, Any]]:
        departure = (clock.now() + timedelta(days=60)).date().isoformat()
        part = {"origin": "MUC", "destination": "LIS", "departure_date": departure}
        found: list[dict[str, Any]] = self.call(
            "search_flights", slices=[part], provider="sandbox", max_connections=0, limit=50
        )["data"]
        return found

    def _mapped(self, offer: dict[str, Any]) -> dict[str, Any]:
        place = {"provider": offer["provider"], "offer_id": offer["offer_id"]}
        (slot,) = self.call("get_offer_details", **place)["passengers"]
        self.call("update_passenger", **place, slot_id=slot["slot_id"], passenger_id=self._passenger_id)
        return {**place, "expected_total": offer["total"]}


def main(bookings: int, offers: int) -> None:
    ana = Traveler()
    ana.trust_the_agent()
    cast = Cast(
        api_key=ana.api_key,
        token=ana.token,
        bookings=[ana.book(offer) for offer in ana.offers(bookings)],
        offers=ana.offers(offers),
    )
    sys.stdout.write(json.dumps(asdict(cast)) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
