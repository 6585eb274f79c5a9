"""Access tokens: RFC 9068 JSON Web Tokens, signed here and checked here. No database in this file.

    header   alg RS256, typ at+jwt, kid the RFC 7638 thumbprint of the key
    claims   iss, sub, user_id, email, aud (both doors), client_id, scope, jti, iat, exp

Refresh tokens are opaque on purpose: a refresh token must never pass for an access token.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from oauth2_provider.utils import jwk_from_pem

from movmo.accounts.models import User
from movmo.kit import clock
from partners.oauth.models import Application

MCP_RESOURCE = f"{settings.ORIGIN}/v1/mcp"
REST_RESOURCE = f"{settings.ORIGIN}/v1"
RESOURCES = (MCP_RESOURCE, REST_RESOURCE)
LIFETIME = timedelta(seconds=settings.OAUTH2_PROVIDER["ACCESS_TOKEN_EXPIRE_SECONDS"])
LONGEST = 4_096
CLAIMS = ["iss", "sub", "aud", "exp", "client_id"]


class InvalidToken(Exception):
    """Not an access token of this server for this resource, or past its time."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    private: RSAPrivateKey
    kid: str

    @property
    def header(self) -> dict[str, str]:
        return {"alg": "RS256", "kid": self.kid, "typ": "at+jwt"}

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.private, algorithm="RS256", headers=self.header)


@cache
def _keys() -> tuple[SigningKey, ...]:
    """Every key of ours, parsed once. The first signs, all verify."""
    provider = settings.OAUTH2_PROVIDER
    pems = [provider["OIDC_RSA_PRIVATE_KEY"], *provider["OIDC_RSA_PRIVATE_KEYS_INACTIVE"]]
    return tuple(SigningKey(_private_key(pem), jwk_from_pem(pem).thumbprint()) for pem in pems)


def _private_key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


@cache
def _public_keys() -> dict[str, RSAPublicKey]:
    """Verification keys by the exact header segment our tokens carry.

    A token with any other header was not minted here, so its header is never even parsed: another `alg`, `kid`
    or `typ`, an ID token and a nested key all end at this look-up.
    """
    return {key.sign({}).partition(".")[0]: key.private.public_key() for key in _keys()}


def mint(*, user: User, application: Application, scopes: Iterable[str], now: datetime, lifetime: timedelta) -> str:
    """A signed token. It only works once its row exists: see `services.issue_token`."""
    issued_at = int(now.timestamp())
    return _keys()[0].sign(
        {
            "iss": settings.ORIGIN,
            "sub": str(user.pk),
            "user_id": str(user.pk),
            "email": user.email,
            "aud": list(RESOURCES),
            "client_id": application.client_id,
            "scope": " ".join(scopes),
            "jti": secrets.token_urlsafe(16),
            "iat": issued_at,
            "exp": issued_at + int(lifetime.total_seconds()),
        }
    )


def verify(raw: str, *, resource: str, now: datetime) -> dict[str, Any]:
    """The claims of a token that is ours, for `resource` and in time. Raises InvalidToken.

    Time is judged by the clock of the house, not by the library's.
    """
    key = _public_keys().get(raw.partition(".")[0]) if len(raw) <= LONGEST else None
    if key is None:
        raise InvalidToken
    options: Any = {"require": CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        claims = jwt.decode(raw, key, algorithms=["RS256"], audience=resource, issuer=settings.ORIGIN, options=options)
    except jwt.InvalidTokenError as failure:
        raise InvalidToken from failure
    if claims["exp"] <= now.timestamp():
        raise InvalidToken
    return claims


def access_token(request: Any) -> str:
    """ACCESS_TOKEN_GENERATOR of django-oauth-toolkit; `request` is oauthlib's."""
    return mint(
        user=request.user,
        application=request.client,
        scopes=request.scopes,
        now=clock.now(),
        lifetime=timedelta(seconds=request.expires_in),
    )


def refresh_token(request: Any) -> str:
    """REFRESH_TOKEN_GENERATOR: left unset, the library would make refresh tokens with the generator above."""
    return f"mvmr_{secrets.token_urlsafe(32)}"
