"""Credential → Caller, for every door.

What arithmetic can refuse is refused before the database is asked: a key by its checksum, a token by its signature.
Then always the row, so that revocation, deactivation and a plan change count from the next call on.
A missing credential is not judged here: which ones a call needs is `movmo.operations.scopes`' business.

This runs on every call of the product, so the two look-ups are single statements written by hand: building them
anew through the ORM would cost more than the database does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection

from movmo.kit import clock
from movmo.kit.errors import Kind
from movmo.operations.catalogue import with_successors
from movmo.operations.context import Caller, Door, Plan
from movmo.operations.credentials import CredentialRefused
from partners.api_key import secret
from partners.api_key.models import ApiKey
from partners.oauth import connections, tokens

LAST_USED_STEP = timedelta(minutes=1)

FIND_KEY = """
SELECT k.id, p.id, k.is_live, plan.name, plan.rate, plan.burst, plan.month_quota, plan.allowed_operations,
    (k.last_used_at IS NULL OR k.last_used_at < %s)
FROM api_key k JOIN partner p ON p.id = k.partner_id JOIN usage_plan plan ON plan.id = p.plan_id
WHERE k.digest = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %s) AND p.is_active
"""
FIND_BEARER = """
SELECT u.id, t.scope, c.scopes, a.allowed_scopes, a.client_id, a.partner_id, c.id, a.tool_limits,
    (c.last_used_at IS NULL OR c.last_used_at < %s)
FROM oauth2_provider_accesstoken t JOIN "user" u ON u.id = t.user_id JOIN oauth_application a ON a.id = t.application_id
JOIN oauth_connection c ON c.user_id = t.user_id AND c.application_id = t.application_id
LEFT JOIN partner p ON p.id = a.partner_id
WHERE t.token_checksum = %s AND t.expires > %s AND u.is_active AND a.disabled_at IS NULL
AND c.disconnected_at IS NULL AND (a.partner_id IS NULL OR p.is_active)
"""
TOUCH_KEY = "UPDATE api_key SET last_used_at = %s WHERE id = %s AND (last_used_at IS NULL OR last_used_at < %s)"
TOUCH_CONNECTION = """
UPDATE oauth_connection SET last_used_at = %s WHERE id = %s AND (last_used_at IS NULL OR last_used_at < %s)
"""


class ApiKeyInvalid(CredentialRefused):
    kind = Kind.UNAUTHENTICATED
    code = "api_key_invalid"
    message = "The API key is unknown, revoked or expired."
    hint = "Send a current key of yours, which begins with mvm_live_ or mvm_test_, once, in the `x-api-key` header."


class TokenInvalid(CredentialRefused):
    kind = Kind.UNAUTHENTICATED
    code = "token_invalid"
    message = "The access token is invalid, expired or revoked."
    hint = "Refresh the token, or ask the traveler to sign in again, then repeat the call."


class TokenIsApiKey(CredentialRefused):
    kind = Kind.UNAUTHENTICATED
    code = "token_is_api_key"
    message = "The `Authorization` header holds an API key, where an access token belongs."
    hint = "Send keys as `x-api-key`, over REST only, and as `Authorization: Bearer` the access token of the traveler."


class TokenNotForPartner(CredentialRefused):
    kind = Kind.FORBIDDEN
    code = "token_not_for_partner"
    message = "The access token was issued to an application of another partner."
    hint = "Use a token that the traveler granted to your own application."


@dataclass(frozen=True, slots=True)
class _Key:
    id: UUID
    partner_id: UUID
    is_live: bool
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Token:
    user_id: UUID
    scopes: frozenset[str]
    client_id: str
    partner_id: UUID | None
    tool_limits: Mapping[str, int]


def authenticate(*, door: Door, api_key: str | None, bearer: str | None, request_id: str) -> Caller:
    """Raises ApiKeyInvalid, TokenIsApiKey, TokenInvalid or TokenNotForPartner. None means: not sent."""
    if api_key is not None and not secret.is_well_formed(api_key):
        raise ApiKeyInvalid
    digest = None if api_key is None else secret.digest(api_key)
    return _caller(door=door, digest=digest, bearer=bearer, request_id=request_id)


def _caller(*, door: Door, digest: str | None, bearer: str | None, request_id: str) -> Caller:
    now = clock.now()
    if bearer is not None:
        if secret.is_well_formed(bearer):
            raise TokenIsApiKey
        _check_signature(bearer, door, now)
    key = None if digest is None else _find_key(digest, now)
    token = None if bearer is None else _find_token(bearer, now)
    if key and token and token.partner_id not in (None, key.partner_id):
        raise TokenNotForPartner
    return Caller(
        door=door,
        user_id=token.user_id if token else None,
        partner_id=key.partner_id if key else None,
        api_key_id=key.id if key else None,
        client_id=token.client_id if token else None,
        client_partner_id=token.partner_id if token else None,
        scopes=token.scopes if token else frozenset(),
        plan=key.plan if key else None,
        is_live_key=key.is_live if key else None,
        tool_limits=token.tool_limits if token else {},
        request_id=request_id,
    )


def resume(*, api_key_id: UUID | None, bearer: str | None, request_id: str) -> Caller:
    """Whose it is what a key left with us over REST, by its credentials as they are now. Raises as `authenticate`."""
    known = ApiKey.objects.filter(pk=api_key_id) if api_key_id is not None else ApiKey.objects.none()
    digest = known.values_list("digest", flat=True).first()
    if digest is None:
        raise ApiKeyInvalid
    return _caller(door=Door.REST, digest=digest, bearer=bearer, request_id=request_id)


def with_traveler(of_key: Caller, bearer: str) -> Caller:
    """The caller of a key, for the traveler whose token came with it. Raises as `authenticate` does for tokens."""
    if secret.is_well_formed(bearer):
        raise TokenIsApiKey
    now = clock.now()
    _check_signature(bearer, of_key.door, now)
    token = _find_token(bearer, now)
    if token.partner_id not in (None, of_key.partner_id):
        raise TokenNotForPartner
    return replace(
        of_key,
        user_id=token.user_id,
        client_id=token.client_id,
        client_partner_id=token.partner_id,
        scopes=token.scopes,
        tool_limits=token.tool_limits,
    )


def challenge(
    error: str | None, scopes: Iterable[str], resource: Literal["mcp", "rest"], description: str | None
) -> str:
    """The value of `WWW-Authenticate` (RFC 6750, section 3; RFC 9728, section 5.1).

    MCP clients read `resource_metadata` to find the authorization server and `scope` to know what to ask for.
    `error` stays out when no credential was sent.
    """
    path = "/v1/mcp" if resource == "mcp" else "/v1"
    parameters = {
        "error": error,
        "error_description": description and description.translate({ord('"'): "'", ord("\\"): None}),
        "scope": " ".join(scopes),
        "resource_metadata": f"{settings.ORIGIN}/.well-known/oauth-protected-resource{path}",
    }
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value)


def _check_signature(bearer: str, door: Door, now: datetime) -> None:
    resource = tokens.MCP_RESOURCE if door is Door.MCP else tokens.REST_RESOURCE
    try:
        tokens.verify(bearer, resource=resource, now=now)
    except tokens.InvalidToken as failure:
        raise TokenInvalid from failure


def _find_key(digest: str, now: datetime) -> _Key:
    instant, step = _stored(now), _stored(now - LAST_USED_STEP)
    with connection.cursor() as cursor:
        cursor.execute(FIND_KEY, (step, digest, instant))
        row = cursor.fetchone()
    if row is None:
        raise ApiKeyInvalid
    key_id, partner_id, is_live, name, rate, burst, month_quota, allowed, untouched = row
    if untouched:
        _touch(TOUCH_KEY, (instant, key_id, step))
    plan = Plan(name, rate, burst, month_quota, frozenset(with_successors(allowed.split())) or None)
    return _Key(_uuid(key_id), _uuid(partner_id), bool(is_live), plan)


def _find_token(bearer: str, now: datetime) -> _Token:
    """A token counts for what the traveler still grants and staff still allow, not for what it was issued with."""
    instant, step = _stored(now), _stored(now - LAST_USED_STEP)
    with connection.cursor() as cursor:
        cursor.execute(FIND_BEARER, (step, sha256(bearer.encode()).hexdigest(), instant))
        row = cursor.fetchone()
    if row is None:
        raise TokenInvalid
    user_id, scope, connected, allowed, client_id, partner_id, connection_id, tool_limits, untouched = row
    if untouched:
        _touch(TOUCH_CONNECTION, (instant, connection_id, step))
    scopes = connections.in_force(scope, connected, allowed)
    limits = _tool_limits(tool_limits) if tool_limits else {}
    return _Token(_uuid(user_id), scopes, client_id, partner_id and _uuid(partner_id), limits)


@lru_cache(maxsize=1_000)
def _tool_limits(text: str) -> Mapping[str, int]:
    return {name: int(rate) for name, _, rate in (entry.partition("=") for entry in text.split())}


def _touch(statement: str, values: tuple[Any, ...]) -> None:
    """Note that a credential is in use. Whoever holds the lock keeps it: a note is not worth a failed call."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
    except OperationalError:
        pass


def _stored(instant: datetime) -> Any:
    """The instant in the form the database compares it in: SQLite keeps text, PostgreSQL timestamps."""
    return connection.ops.adapt_datetimefield_value(instant)


def _uuid(value: UUID | str) -> UUID:
    """SQLite keeps UUIDs as 32 hexadecimal characters."""
    return value if isinstance(value, UUID) else UUID(value)
