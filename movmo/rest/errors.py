"""Refusals that only this door knows, and the headers that refusals carry.

DomainError
├── TooManyParameters      400   a query string of more parameters than any operation has
└── RouteUnknown           404   no operation answers at this path
"""

from movmo.kit.errors import DomainError, Kind
from movmo.rest import allowances


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
    found = allowances.headers(error.limits)
    if error.retry_after is not None:
        found["Retry-After"] = str(error.retry_after)
    if error.replayed:
        found["Idempotency-Replayed"] = "true"
    return found
