"""The document: one path item for each path of the registry, everything else derived from the declarations."""

import json
import sys
from collections.abc import Iterable
from typing import Any

import yaml
from django.conf import settings
from django.urls import reverse

from movmo.operations import events
from movmo.operations.scopes import SCOPES
from movmo.operations.spec import Credentials, Operation
from movmo.rest import versions
from movmo.rest.openapi import bodies, refusals, webhooks
from movmo.rest.openapi.components import Components, Schema

VERSION = "1.0.0"
DESCRIPTION = """\
Search, book and look after flights. The same operations answer here, for partners' back ends, and over MCP, for agents.

Every call carries the partner's API key in `x-api-key`; calls that act for a traveler carry the traveler's access token
too, as `Authorization: Bearer …`. Requests and answers are JSON in snake_case, times are RFC 3339, money is a decimal
string with its currency. Unknown input fields are refused.

Every refusal has the shape of `Error`: `code` is stable and for machines, `message` and `hint` are for people. Every
answer carries `X-Request-Id`.

Writes take an idempotency key, as the `Idempotency-Key` header or the body field `idempotency_key`. The same key with
the same request answers with the first status and the current body, and says so with `Idempotency-Replayed: true`.

A body is one JSON object of at most 1 MiB. Of a key that comes twice in one object the last one counts.
"""
KEY, USER = "partnerKey", "traveler"


def build(operations: Iterable[Operation]) -> Schema:
    """The OpenAPI 3.1 document. Raises NameCollision when two models share a name."""
    operations, types = list(operations), events.catalogue()
    components = Components(operations, [type_.payload for type_ in types])
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.rest.path, {})[operation.rest.method.lower()] = _operation(operation, components)
    told = webhooks.entries(types, components)
    built = {
        "openapi": "3.1.0",
        "info": {
            "title": "Movmo",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": settings.ORIGIN}],
        "tags": _tags(operations),
        "paths": paths,
        "webhooks": told,
        "components": {
            "schemas": components.reachable_from(paths, told),
            "headers": HEADERS,
            "parameters": webhooks.HEADERS,
            "securitySchemes": _security_schemes(),
        },
    }
    plain: Schema = json.loads(json.dumps(built))  # refuses what is not JSON, and leaves no two parts shared
    return plain


def as_yaml(built: Schema) -> str:
    return yaml.safe_dump(built, sort_keys=False, allow_unicode=True, width=120)


def tag_of(operation: Operation) -> str:
    """The noun that the operation belongs to: the package that declares it."""
    package = operation.handler.__module__.rpartition(".")[0]
    return package.rpartition(".")[2].replace("_", " ").capitalize() or "Movmo"


def _tags(operations: list[Operation]) -> list[Schema]:
    found: dict[str, Schema] = {}
    for operation in operations:
        package = sys.modules.get(operation.handler.__module__.rpartition(".")[0])
        tag: Schema = {"name": tag_of(operation)}
        if package is not None and package.__doc__:
            tag["description"] = package.__doc__.partition("\n")[0]
        found.setdefault(tag["name"], tag)
    return list(found.values())


def _operation(operation: Operation, components: Components) -> Schema:
    entry: Schema = {
        "operationId": operation.name,
        "summary": operation.title,
        "description": operation.description,
        "tags": [tag_of(operation)],
        "security": _security(operation),
        "x-movmo-effect": operation.effect.value,
        "x-movmo-cost": operation.cost,
        "x-movmo-idempotency": operation.idempotency.value,
    }
    if operation.deprecated:
        entry |= {"deprecated": True, "x-movmo-sunset": operation.deprecated.sunset.isoformat()}
    if parameters := bodies.parameters(operation, components):
        entry["parameters"] = parameters
    if operation.rest.method in ("POST", "PUT"):
        entry["requestBody"] = bodies.request_body(operation, components)
    answers = bodies.answers(operation, components)
    for status, classes in refusals.of_operation(operation).items():
        answers[str(status)] = refusals.response(status, classes, operation)
    for answer in answers.values():
        answer["headers"] |= {name: {"$ref": f"#/components/headers/{name}"} for name in versions.headers(operation)}
    entry["responses"] = answers
    return entry


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    key: dict[str, list[str]] = {KEY: []}
    with_user = {KEY: [], USER: list(operation.scopes)}
    return {
        Credentials.KEY: [key],
        Credentials.KEY_AND_USER: [with_user],
        Credentials.KEY_MAYBE_USER: [key, with_user],
    }[operation.needs]


def _security_schemes() -> Schema:
    return {
        KEY: {
            "type": "apiKey",
            "in": "header",
            "name": "x-api-key",
            "description": "The partner's key. Keep it on your servers.",
        },
        USER: {
            "type": "oauth2",
            "description": "The traveler's access token, granted to the partner's application.",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": settings.ORIGIN + reverse("oauth2_provider:authorize"),
                    "tokenUrl": settings.ORIGIN + reverse("oauth2_provider:token"),
                    "refreshUrl": settings.ORIGIN + reverse("oauth2_provider:token"),
                    "scopes": dict(SCOPES),
                }
            },
        },
    }


def _header(description: str, schema: Schema, example: Any) -> Schema:
    return {"description": description, "schema": schema, "example": example}


HEADERS: Schema = {
    "X-Request-Id": _header(
        "The id of this call: yours, where you sent 8 to 64 of `A-Z a-z 0-9 . _ -`, else a new one.",
        {"type": "string"},
        "0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10",
    ),
    "Retry-After": _header("Seconds to wait before the call is repeated.", {"type": "integer", "minimum": 1}, 2),
    "Location": _header(
        "Where the result can be read.",
        {"type": "string", "format": "uri-reference"},
        "/v1/users/me/bookings/0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10",
    ),
    "Idempotency-Replayed": _header(
        "Present, and `true`, when an earlier call with this key did the work.",
        {"type": "string", "const": "true"},
        "true",
    ),
    "WWW-Authenticate": _header(
        "What to ask the authorization server for (RFC 6750, RFC 9728).",
        {"type": "string"},
        'Bearer error="insufficient_scope", scope="bookings:write"',
    ),
    "RateLimit": _header(
        "What is left of each allowance, `r`, and in how many seconds there is more, `t`; of a call that is refused "
        "for its limits, of those that refused it. Units are the operation's `x-movmo-cost`, in `month` calls.",
        {"type": "string"},
        '"key";r=390;t=1, "traveler";r=90;t=1, "month";r=4998760;t=1382400',
    ),
    "RateLimit-Policy": _header(
        "The allowances that this call is held to: `q` in `w` seconds (draft-ietf-httpapi-ratelimit-headers). `key` is "
        "the plan's for the API key, `traveler` the traveler's, `month` the plan's calls of the calendar month, UTC.",
        {"type": "string"},
        '"key";q=400;w=2, "traveler";q=100;w=2, "month";q=5000000;w=2592000',
    ),
    "Deprecation": _header(
        "Since when this version is on its way out, `@` and seconds since 1970 (RFC 9745).",
        {"type": "string"},
        "@1795132800",
    ),
    "Sunset": _header(
        "Until when this version is served (RFC 8594).", {"type": "string"}, "Tue, 01 Jun 2027 00:00:00 GMT"
    ),
    "Link": _header(
        "Where the version that follows is described, as `successor-version` (RFC 5829).",
        {"type": "string"},
        '</docs#list_events_v2>; rel="successor-version"',
    ),
}
