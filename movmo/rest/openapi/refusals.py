"""Which refusals an operation can answer with, and how each looks: the declared ones and the pipeline's own."""

import re
import string
from collections import defaultdict
from typing import Any

from movmo.kit import errors as kit
from movmo.kit import http
from movmo.kit.errors import DomainError, Internal, InvalidArguments, NotFound
from movmo.operations import arguments, dispatch, idempotency, limits, scopes
from movmo.operations.approval.refusals import ApprovalDeclined, ApprovalExpired, ApprovalRequired, ApprovalsPending
from movmo.operations.card_numbers import CardNumberRefused
from movmo.operations.credentials import CredentialRefused
from movmo.operations.spec import Idempotency, Operation
from movmo.rest.openapi.components import REF, Schema
from movmo.rest.openapi.examples import BY_FORMAT
from movmo.rest.whole import StreamsBusy

PHRASES = {
    400: "The request cannot be read as it is.",
    401: "No credential, or one that is not valid (any more).",
    403: "The credential is valid and does not allow this.",
    404: "Absent, deleted, or somebody else's: indistinguishable.",
    406: "The caller does not take JSON.",
    409: "It collides with how things stand.",
    413: "The body is larger than it may be.",
    415: "The body is not JSON.",
    422: "A rule of the domain is broken.",
    429: "Too much at once, or in this month; wait as long as `Retry-After` says.",
    500: "Something broke on our side.",
    502: "The provider refused; nothing was booked.",
    503: "The provider could not be reached; nothing was booked.",
}
FACTS = {
    "count": 1,
    "what": "booking",
    "reason": "line 1, column 9",
    "limit": http.MAX_BODY,
    "missing": "bookings:write",
    "required": ["bookings:write"],
    "subject": "this API key",
    "rate": 200,
    "burst": 400,
    "media_type": "text/plain",
    "currency": "EUR",
    "amount": "412.30",
}


def of_operation(operation: Operation) -> dict[int, list[type[DomainError]]]:
    """The refusals by status, in the order of statuses and codes."""
    everything = {*operation.errors, *_of_credentials(operation), *_of_arguments(operation), *_of_writes(operation)}
    everything |= {limits.RateLimited, limits.QuotaExhausted, http.NotAcceptable, Internal}
    everything |= {StreamsBusy} if operation.whole is not None else set()
    by_status: dict[int, list[type[DomainError]]] = defaultdict(list)
    for error in sorted(everything, key=lambda known: known.code):
        by_status[http.status_of(error)].append(error)
    return dict(sorted(by_status.items()))


def _of_credentials(operation: Operation) -> set[type[DomainError]]:
    found: set[type[DomainError]] = {scopes.ApiKeyMissing, scopes.OperationNotInPlan}
    if operation.needs_user:
        found.add(scopes.UserTokenMissing)
    if operation.scopes:  # also where a token is not needed: one that is sent is held to its scopes
        found.add(scopes.InsufficientScope)
    return found | {error for error in kit.all_errors().values() if issubclass(error, CredentialRefused)}


def _of_arguments(operation: Operation) -> set[type[DomainError]]:
    found: set[type[DomainError]] = {InvalidArguments, CardNumberRefused}
    if "{" in operation.rest.path:
        found.add(NotFound)
    if operation.rest.method in ("POST", "PUT"):
        found |= {http.MalformedJson, http.BodyTooLarge, http.UnsupportedMediaType}
    return found


def _of_writes(operation: Operation) -> set[type[DomainError]]:
    if operation.idempotency is Idempotency.NONE:
        return set()
    found: set[type[DomainError]] = {
        dispatch.Contended,
        arguments.IdempotencyKeyInvalid,
        idempotency.IdempotencyKeyReused,
        idempotency.IdempotencyInProgress,
    }
    if operation.is_irreversible:
        found |= {ApprovalRequired, ApprovalDeclined, ApprovalExpired, ApprovalsPending}
    if operation.idempotency is Idempotency.REQUIRED:
        found.add(arguments.IdempotencyKeyMissing)
    return found


def response(status: int, classes: list[type[DomainError]], operation: Operation) -> Schema:
    """One entry of an operation's `responses`, with an example for each code."""
    codes = ", ".join(f"`{error.code}`" for error in classes)
    headers: Schema = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if status == 401 or scopes.InsufficientScope in classes:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    if status == 429 or any(error.retryable and status != 500 for error in classes):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    if status != 401:  # whoever is not known has no allowance
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")}
    return {
        "description": f"{PHRASES.get(status, 'Refused.')} Codes: {codes}.",
        "headers": headers,
        "content": {
            "application/json": {
                "schema": {"$ref": REF + "Error"},
                "examples": {
                    error.code: {"summary": error.hint, "value": example(error, operation)} for error in classes
                },
            }
        },
    }


def example(error: type[DomainError], operation: Operation) -> Schema:
    """The envelope of a refusal, as this door would render it. A class may name its facts in `example`."""
    facts = _facts(error, operation)
    body: Schema = {
        "message": _sentence(error, facts),
        "status_code": http.status_of(error),
        "code": error.code,
        "details": facts,
        "hint": error.hint,
        "retryable": error.retryable,
        "request_id": BY_FORMAT["uuid"],
    }
    if error is InvalidArguments:
        body["fields"] = {"/" + next(iter(operation.request_model.model_fields), "field"): "This field is required."}
    return body


def _sentence(error: type[DomainError], facts: dict[str, Any]) -> str:
    try:
        return error.message.format_map(facts)
    except (LookupError, AttributeError, TypeError, ValueError):  # a template that looks into a fact we made up
        return error.message


def _facts(error: type[DomainError], operation: Operation) -> dict[str, Any]:
    if error.example is not None:
        return dict(error.example)
    if error is scopes.InsufficientScope:
        return {"missing": " ".join(operation.scopes), "required": list(operation.scopes)}
    names = [name for _, name, _, _ in string.Formatter().parse(error.message) if name]
    roots = [re.split(r"[.\[]", name)[0] for name in names]
    return {name: FACTS.get(name, _placeholder(name)) for name in roots}


def _placeholder(name: str) -> str:
    if name.endswith("_id"):
        return BY_FORMAT["uuid"]
    if name.endswith("_at"):
        return BY_FORMAT["date-time"]
    return name.replace("_", " ")
