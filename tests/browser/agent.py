"""scout as a program on the traveler's own device: it waits for the answer on a loopback port and redeems the code."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from django.conf import settings

from partners.oauth.models import Application
from tests.contract.doors import MODERN, Door, DoorName, Hand, McpDoor, RestDoor, Told
from tests.contract.world import the

PATIENCE = 10  # seconds
THANKS = b"""<!doctype html><html lang="en"><title>Scout</title><link rel="icon" href="data:,">
<main><h1>Scout has what it needs</h1></main></html>"""


class Agent:
    """`listening_at` is its callback; `tell` is called by the listener with what comes there."""

    def __init__(self, client: Application, http: httpx2.Client, listening_at: str) -> None:
        self.client_id = client.client_id
        self.callback = f"{listening_at}/callback"
        self.heard: SimpleQueue[dict[str, str]] = SimpleQueue()
        self._http = http
        self._verifier = secrets.token_urlsafe(32)
        self._doors: dict[DoorName, Door] = {"rest": RestDoor(http), "mcp": McpDoor(http, MODERN)}

    def question(self, *scopes: str) -> str:
        """The address that scout opens in the traveler's browser."""
        digest = hashlib.sha256(self._verifier.encode()).digest()
        query = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.callback,
            "scope": " ".join(scopes),
            "state": "s-1",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "resource": f"{settings.ORIGIN}/v1/mcp",
        }
        return f"/v1/oauth/authorize?{urlencode(query)}"

    def answer(self) -> dict[str, str]:
        """What the browser brought to the callback."""
        return self.heard.get(timeout=PATIENCE)

    def redeem(self, code: str) -> dict[str, Any]:
        told = self._token(
            grant_type="authorization_code", code=code, redirect_uri=self.callback, code_verifier=self._verifier
        )
        assert told.status_code == 200, told.text
        return dict(told.json())

    def refresh(self, token: str) -> httpx2.Response:
        return self._token(grant_type="refresh_token", refresh_token=token)

    def _token(self, **fields: str) -> httpx2.Response:
        return self._http.post("/v1/oauth/token", data={"client_id": self.client_id, **fields})

    def call(self, door: DoorName, operation: str, hand: Hand) -> Told:
        return self._doors[door].call(the(operation), {}, hand)


@contextmanager
def listening(client: Application, http: httpx2.Client) -> Iterator[Agent]:
    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            agent.heard.put(dict(parse_qsl(urlsplit(self.path).query)))
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(THANKS)

        def log_message(self, *_: Any) -> None:
            """Codes are nobody's to read."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    agent = Agent(client, http, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, name="scout", daemon=True)
    thread.start()
    try:
        yield agent
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
