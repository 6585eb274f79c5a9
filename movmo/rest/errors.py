"""Refusals that only this door knows, and the headers that refusals carry.

DomainError
├── TooManyParameters      400   a query string of more parameters than any operation has
└── RouteUnknown           404   no operation answers at this path
"""

from collections.abc import Mapping
from typing import Any

from movmo.kit.errors import DomainError, Kind


class TooManyParameters(DomainError):
    kind = Kind.INVALID
    code = "too_many_parameters"
    message = "The query string has too many parameters."
    hint = "Send only the parameters that the operation names."


class RouteUnknown(DomainError):
    kind = Kind.NOT_FOUND
    code = "route_unknown"
    message = "Nothing answers at {path}."
    hint = "See /docs or /openapi.json for the paths of this API; paths have no trailing slash."


def headers(error: DomainError) -> dict[str, str]:
    """The headers that follow from the refusal alone. `WWW-Authenticate` needs the operation; the view adds it."""
    found = _limit_headers(error.facts, error.retry_after) if error.kind is Kind.LIMITED else {}
    if error.retry_after is not None:
        found["Retry-After"] = str(error.retry_after)
    if error.replayed:
        found["Idempotency-Replayed"] = "true"
    return found


def _limit_headers(facts: Mapping[str, Any], retry_after: int | None) -> dict[str, str]:
    """draft-ietf-httpapi-ratelimit-headers-10: the allowance `q` refills within a window of `w` seconds."""
    rate, burst = facts.get("rate"), facts.get("burst")
    if not isinstance(rate, int) or not isinstance(burst, int) or rate < 1:
        return {}
    window = max(1, -(-burst // rate))
    return {"RateLimit-Policy": f'"steady";q={burst};w={window}', "RateLimit": f'"steady";r=0;t={retry_after or 1}'}
