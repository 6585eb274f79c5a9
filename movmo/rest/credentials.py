"""The credential step, in DRF's terms: key and token in, a Caller in `request.auth`."""

from collections.abc import Iterable
from typing import Literal, Protocol

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from movmo.operations.context import Caller, Door
from movmo.rest import request_ids


class Credentials(Protocol):
    """What this door asks of whoever knows the credentials. The module `partners.authentication` is one."""

    def authenticate(self, *, door: Door, api_key: str | None, bearer: str | None, request_id: str) -> Caller:
        """The caller behind the credentials. Raises a DomainError for a bad one; absent ones are not refused here."""

    def challenge(
        self, error: str | None, scopes: Iterable[str], resource: Literal["mcp", "rest"], description: str | None
    ) -> str:
        """A value for `WWW-Authenticate` (RFC 6750, RFC 9728)."""


class KeyAndBearer(BaseAuthentication):
    """`x-api-key` names the partner, `Authorization: Bearer` the traveler. The operation decides which it needs."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller]:
        """Raises DomainError. The Caller is all there is: no Django user stands behind a call of this door."""
        meta = request._request.META
        caller = self._credentials.authenticate(
            door=Door.REST,
            api_key=meta.get("HTTP_X_API_KEY"),
            bearer=bearer_of(meta.get("HTTP_AUTHORIZATION")),
            request_id=request_ids.of(request._request),
        )
        return AnonymousUser(), caller


def bearer_of(authorization: str | None) -> str | None:
    """The token of a bearer `Authorization` header (the scheme's case does not matter); None for other schemes."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
