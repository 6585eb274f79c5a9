"""The authorization server's endpoints: RFC 8414 and 9728 (where they are), 7591 (registering), 6749 and 7636 (tokens),
7009 (handing them back), 8707 (what they are for).

Movmo's server is its own authorization server, so every address in its documents lies under the one that was named.
"""

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2

from mcp_server.bridge import wire
from mcp_server.bridge.address import MCP_PATH, Server
from mcp_server.bridge.trouble import NotMovmo, TokenRefused

CLIENT_NAME = "movmo-mcp on this computer"
CALLBACK_PATH = "/callback"
# RFC 8252, section 7.3: a loopback redirect is registered without its port, which each sign-in chooses anew.
REGISTERED_CALLBACK = f"http://127.0.0.1{CALLBACK_PATH}"
USUAL_LIFETIME = 3600  # seconds, where the server does not say
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a traveler has granted, to which registration of ours. `expires_at` in seconds since 1970."""

    client_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    scopes: frozenset[str]

    def is_fresh(self, now: float, margin: float = 0) -> bool:
        return bool(self.access_token) and now + margin < self.expires_at

    def without_tokens(self) -> "Grant":
        """The registration and what was granted last: what the next sign-in asks for."""
        return Grant(self.client_id, "", "", 0, self.scopes)


class AuthorizationServer:
    def __init__(self, http: httpx2.AsyncClient, server: Server) -> None:
        self.server = server
        self._http = http
        self._found: dict[str, str] = {}
        self._client_id: str | None = None
        self.baseline: frozenset[str] = frozenset()

    async def discover(self) -> None:
        """Find the endpoints, once. Raises NotMovmo for documents that lead away from the server."""
        if self._found:
            return
        origin = self.server.origin
        resource = await self._document(f"/.well-known/oauth-protected-resource{MCP_PATH}")
        self._expect("resource", resource.get("resource"), self.server.endpoint)
        if origin not in _texts(resource.get("authorization_servers")):
            raise self._stranger("authorization_servers", resource.get("authorization_servers"))
        self.baseline = frozenset(_texts(resource.get("scopes_supported")))
        metadata = await self._document("/.well-known/oauth-authorization-server")
        self._expect("issuer", metadata.get("issuer"), origin)
        if "S256" not in _texts(metadata.get("code_challenge_methods_supported")):
            raise NotMovmo(f"{origin} does not offer PKCE with S256.")
        self._found = {name: self._ours(name, metadata.get(name)) for name in ENDPOINTS}

    async def register(self) -> str:
        """The id of a public client of our own. One for each process: who was not let in asks again as the same."""
        if self._client_id is not None:
            return self._client_id
        status, told = await wire.document(
            self._http,
            "POST",
            self._found["registration_endpoint"],
            json={
                "client_name": CLIENT_NAME,
                "redirect_uris": [REGISTERED_CALLBACK],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
            },
        )
        client_id = told.get("client_id")
        if status not in (200, 201) or not isinstance(client_id, str):
            raise _refused(told)
        self._client_id = client_id
        return client_id

    def question(self, *, client_id: str, redirect_uri: str, scopes: frozenset[str], state: str, challenge: str) -> str:
        """The address that the traveler opens."""
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(sorted(scopes)),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "resource": self.server.endpoint,
        }
        return f"{self._found['authorization_endpoint']}?{urlencode(query)}"

    async def redeem(self, *, client_id: str, code: str, redirect_uri: str, verifier: str) -> Grant:
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "resource": self.server.endpoint,
        }
        return _granted(await self._token(form), client_id)

    async def refresh(self, grant: Grant) -> Grant:
        """Spends the refresh token of `grant`: whoever sends it again ends them all."""
        await self.discover()
        form = {"grant_type": "refresh_token", "client_id": grant.client_id, "refresh_token": grant.refresh_token}
        return _granted(await self._token(form), grant.client_id, before=grant)

    async def revoke(self, grant: Grant) -> None:
        await self.discover()
        form = {"client_id": grant.client_id, "token": grant.refresh_token, "token_type_hint": "refresh_token"}
        async with wire.answer(self._http, "POST", self._found["revocation_endpoint"], data=form) as response:
            if response.status_code != 200:
                raise TokenRefused(f"status {response.status_code}", "")

    async def _token(self, form: dict[str, str]) -> dict[str, Any]:
        status, told = await wire.document(self._http, "POST", self._found["token_endpoint"], data=form)
        if status != 200:
            refusal = _refused(told)
            if refusal.error == "invalid_client":
                self._client_id = None
            raise refusal
        return told

    async def _document(self, path: str) -> dict[str, Any]:
        status, told = await wire.document(self._http, "GET", self.server.origin + path)
        if status != 200:
            raise NotMovmo(f"{self.server.origin} answered {status} at {path}.", "Is it a Movmo server?")
        return told

    def _expect(self, name: str, told: Any, expected: str) -> None:
        if told != expected:
            raise self._stranger(name, told)

    def _ours(self, name: str, address: Any) -> str:
        if not isinstance(address, str) or not address.startswith(f"{self.server.origin}/"):
            raise self._stranger(name, address)
        return address

    def _stranger(self, name: str, told: Any) -> NotMovmo:
        return NotMovmo(
            f"The server at {self.server.origin} gives {str(told)!r} as its {name}; tokens stay with the server named.",
            "If that is the same server, give --server the address it gives itself.",
        )


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _granted(told: dict[str, Any], client_id: str, before: Grant | None = None) -> Grant:
    access, refresh = told.get("access_token"), told.get("refresh_token", before.refresh_token if before else "")
    seconds, scope = told.get("expires_in"), told.get("scope", " ".join(before.scopes) if before else "")
    is_bearer = str(told.get("token_type", "")).lower() == "bearer"
    if not (is_bearer and isinstance(access, str) and isinstance(refresh, str) and isinstance(scope, str)):
        raise NotMovmo("The token endpoint's answer holds no bearer token.")
    lifetime = seconds if isinstance(seconds, int) and seconds > 0 else USUAL_LIFETIME
    return Grant(client_id, access, refresh, time.time() + lifetime, frozenset(scope.split()))


def _refused(told: dict[str, Any]) -> TokenRefused:
    return TokenRefused(str(told.get("error", "no reason given")), str(told.get("error_description", "")))
