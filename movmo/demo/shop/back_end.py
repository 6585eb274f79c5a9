"""The shop's server: it calls Movmo over REST with its key, and no browser ever sees that."""

import atexit
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx2
from django.conf import settings

from movmo.demo.shop import place

SECONDS = 10
Answer = tuple[int, dict[str, Any]]


class Movmo:
    """`port` is the one that this server listens at: its public address may be a name that only browsers know."""

    def __init__(self, port: str) -> None:
        self._address = f"http://127.0.0.1:{port}/v1/checkout-sessions"
        self._headers = {"x-api-key": settings.MOVMO_SHOP_KEY}

    def open(self, offer: dict[str, Any], *, locale: str) -> Answer:
        """A session for the airline's raw offer: HTTP status and body."""
        origin = place.origin()
        body = {
            "provider": "sandbox",
            "offer": offer,
            "origin": origin,
            "return_url": f"{origin}/thanks",
            "locale": locale,
        }
        return self._call("POST", "", json=body, headers={**self._headers, "Idempotency-Key": str(uuid4())})

    def read(self, session_id: UUID) -> Answer:
        return self._call("GET", f"/{session_id}", headers=self._headers)

    def _call(self, method: str, path: str, **options: Any) -> Answer:
        response = _http().request(method, self._address + path, **options)
        told: dict[str, Any] = response.json()
        return response.status_code, told


@cache
def _http() -> httpx2.Client:
    """One for all calls: a client is dear to make, and its connections stay open."""
    made = httpx2.Client(timeout=SECONDS, trust_env=False)
    atexit.register(made.close)
    return made
