"""What every door asks of whoever knows keys and tokens. The module `partners.authentication` is one."""

from collections.abc import Iterable
from typing import Literal, Protocol

from movmo.kit.errors import DomainError
from movmo.operations.context import Caller, Door


class CredentialRefused(DomainError, abstract=True):
    """A key or token that came and is not good. It belongs to no operation: every one can meet it."""


class Credentials(Protocol):
    def authenticate(self, *, door: Door, api_key: str | None, bearer: str | None, request_id: str) -> Caller:
        """The caller behind the credentials. Raises a DomainError for a bad one; absent ones are not refused here."""

    def challenge(
        self, error: str | None, scopes: Iterable[str], resource: Literal["mcp", "rest"], description: str | None
    ) -> str:
        """A value for `WWW-Authenticate` (RFC 6750, RFC 9728)."""


def bearer_of(authorization: str | None) -> str | None:
    """The token of a bearer `Authorization` header (the scheme's case does not matter); None where there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
