"""What proving who one is costs, inside this process: a token's check, and the token endpoint.

    python -m tests.bench.credential_costs <checks> <refreshes>      prints a JSON `CredentialCosts`

The check takes turns with the least that it could be: the signature by the cryptography library, and the same statement
through psycopg alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from statistics import median
from typing import Any

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
import psycopg
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.db import connection
from django.test import Client
from oauth2_provider.models import Grant

from movmo.kit import clock
from movmo.operations.context import Door
from movmo.operations.credentials import CredentialRefused
from movmo.operations.scopes import SCOPES
from partners import authentication
from partners.oauth import tokens
from partners.oauth.models import Application
from tests import factories
from tests.bench.records import CredentialCosts

BATCH = 50
SECRET = secrets.token_urlsafe(32)
VERIFIER = secrets.token_urlsafe(48)
CALLBACK = "https://aviare.example/callback"


def main(checks: int, refreshes: int) -> None:
    token = factories.token(factories.traveler(), SCOPES, factories.application())
    bare = Bare(token)
    batches = [(_milliseconds(check, token), _milliseconds(bare.check)) for _ in range(max(2, checks // BATCH))]
    del batches[0]  # the warm-up
    costs = CredentialCosts(
        check_ms=median(ours for ours, _ in batches),
        bare_ms=median(theirs for _, theirs in batches),
        garbage_queries=queries_of_garbage(token),
        refresh_ms=median(refreshing(refreshes)),
    )
    sys.stdout.write(json.dumps(asdict(costs)) + "\n")


def check(token: str) -> None:
    authentication.authenticate(door=Door.MCP, api_key=None, bearer=token, request_id="bench")


class Bare:
    """A signature and a statement, and nothing around them."""

    def __init__(self, token: str) -> None:
        params = connection.get_connection_params()
        known = ("dbname", "user", "password", "host", "port")
        self._connection = psycopg.connect(**{name: params[name] for name in known if name in params}, autocommit=True)
        self._connection.prepare_threshold = 2
        self._token = token
        self._key = tokens._keys()[0].private.public_key()
        self._parameters = _parameters_of(lambda: check(token))

    def check(self) -> None:
        signed, _, signature = self._token.rpartition(".")
        self._key.verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
        with self._connection.cursor() as cursor:
            cursor.execute(authentication.FIND_BEARER, self._parameters)
            if cursor.fetchone() is None:
                raise RuntimeError("the bare statement found no token")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _parameters_of(call: Callable[[], None]) -> Any:
    """What the look-up of the token was called with."""
    seen: list[Any] = []

    def watch(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql == authentication.FIND_BEARER:
            seen.append(parameters)
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(watch):
        call()
    return seen[0]


def queries_of_garbage(token: str) -> int:
    """Statements that tokens cause which are none of ours."""
    head, claims, signature = token.split(".")
    other = "A" if signature[0] != "A" else "B"
    statements = 0

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        for garbage in ("garbage", "a.b.c", token[:-2], f"{head}.{claims}.{other}{signature[1:]}", f"e30.{claims}."):
            try:
                check(garbage)
            except CredentialRefused:
                continue
            raise RuntimeError("garbage passed for a token")
    return statements


def refreshing(count: int) -> list[float]:
    """Milliseconds of each refresh by a client with its secret in the body. Each takes the token that the last gave."""
    client, browser = confidential_client(), Client()
    code = granted_code(client)
    bought = _call(browser, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=VERIFIER)
    times: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        bought = _call(browser, grant_type="refresh_token", refresh_token=bought["refresh_token"])
        times.append((time.perf_counter() - started) * 1000)
    return times[len(times) // 10 :]


def confidential_client() -> Application:
    return Application.objects.create(  # type: ignore[no-any-return]
        client_id="aviare-back-end",
        name="Aviare back end",
        client_secret=SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=CALLBACK,
        partner=factories.partner(),
    )


def granted_code(client: Application) -> str:
    """A code as the consent page leaves it behind."""
    code = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    user = factories.traveler()
    factories.token(user, SCOPES, client)  # connects the traveler
    Grant.objects.create(
        user=user,
        application=client,
        code=code,
        expires=clock.now() + timedelta(minutes=1),
        redirect_uri=CALLBACK,
        scope=" ".join(SCOPES),
        code_challenge=challenge,
        code_challenge_method="S256",
        resource=list(tokens.RESOURCES),
    )
    return code


def _call(browser: Client, **fields: str) -> dict[str, Any]:
    named = {"client_id": "aviare-back-end", "client_secret": SECRET, **fields}
    answer = browser.post("/v1/oauth/token", named, headers={"host": settings.ORIGIN.partition("://")[2]})
    if answer.status_code != 200:
        raise RuntimeError(f"the token endpoint answered {answer.status_code}: {answer.content!r}")
    told: dict[str, Any] = answer.json()
    return told


def _milliseconds(call: Callable[..., None], *arguments: str) -> float:
    """Of one call, on average over a batch."""
    started = time.perf_counter()
    for _ in range(BATCH):
        call(*arguments)
    return (time.perf_counter() - started) / BATCH * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
