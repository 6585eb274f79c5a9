"""What every door asks of whoever knows keys and tokens. The module `partners.authentication` is one."""

from collections.abc import Iterable
from typing import Literal, Protocol
from urllib.parse import unquote_plus

from movmo.kit.errors import DomainError, Kind
from movmo.operations.context import Caller, Door


class CredentialRefused(DomainError, abstract=True):
    """A key or token that came and is not good. It belongs to no operation: every one can meet it."""


IN_URLS = frozenset({"access_token", "api_key", "api-key", "apikey", "authorization", "x-api-key", "x_api_key"})


class CredentialInUrl(CredentialRefused):
    """RFC 6750, section 5.3: an address ends up in logs, histories and referrers."""

    kind = Kind.INVALID
    code = "credential_in_url"
    message = "The address of this call holds a credential as `{parameter}`; it was not looked at."
    hint = (
        "Send keys as `x-api-key` and tokens as `Authorization: Bearer`, in headers. Take this one for leaked: "
        "revoke it, or have it rotated."
    )
    example = {"parameter": "access_token"}


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


def refuse_in_url(query: str) -> None:
    """Raises CredentialInUrl. `query` is the query string as it came."""
    if not query:
        return
    for part in query.split("&"):
        name = unquote_plus(part.partition("=")[0])
        if name.lower() in IN_URLS:
            raise CredentialInUrl(parameter=name)
