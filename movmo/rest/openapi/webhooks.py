"""`webhooks`: one entry for each type of event that we send: what a request carries, what we make of its answer."""

from collections.abc import Iterable
from typing import Any

from movmo.operations.events import EventType
from movmo.rest.openapi.components import Components, Schema
from movmo.rest.openapi.examples import BY_FORMAT, example_of

DESCRIPTION = """\
Sent to your webhook endpoints that ask for the type, by the rules of Standard Webhooks. Verify `webhook-signature` \
over the raw body before you read it. Deliveries may repeat, with the same `webhook-id`, and may overtake one another: \
`sequence` counts the events of one subject. The body says what happened; read what it is about for how that is now."""
SIGNED: Schema = {
    "type": "object",
    "required": ["id", "type", "timestamp", "subject_id", "sequence", "data"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "description": "As `webhook-id`."},
        "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
        "subject_id": {"type": "string", "format": "uuid", "description": "What it is about: `data` names it."},
        "sequence": {"type": "integer", "minimum": 1, "description": "Counts the events of the subject, without gaps."},
    },
}


def _header(name: str, description: str, example: str) -> Schema:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


HEADERS: Schema = {
    "WebhookId": _header(
        "webhook-id",
        "The event's id, the same in every attempt and redelivery: act on each id once.",
        BY_FORMAT["uuid"],
    ),
    "WebhookTimestamp": _header(
        "webhook-timestamp",
        "When this attempt was made, in seconds since 1970. Refuse one that is older than five minutes: a replay.",
        "1789371300",
    ),
    "WebhookSignature": _header(
        "webhook-signature",
        "`v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`, with the secret after its "
        "`whsec_` decoded from base64; several after a rotation, with spaces between them. One that fits is enough.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
RESPONSES: Schema = {
    "2XX": {"description": "You have it. Answer within 15 seconds, with at most 8 KiB; do the work afterwards."},
    "410": {"description": "You want no more: the endpoint is switched off at once."},
    "default": {
        "description": "You do not have it, redirects included. It is sent again after 5 s, 5 min, 30 min, 2 h, 5 h, "
        "10 h, 14 h, 20 h and 24 h, or when `Retry-After` says, if that is later."
    },
}


def entries(types: Iterable[EventType], components: Components) -> dict[str, Schema]:
    return {type_.name: {"post": _entry(type_, components)} for type_ in types}


def _entry(type_: EventType, components: Components) -> Schema:
    payload = components.of_payload(type_.payload)
    fields = {
        **SIGNED["properties"],
        "type": {"const": type_.name},
        "data": payload,
    }
    schema = {**SIGNED, "properties": {name: fields[name] for name in SIGNED["required"]}}
    return {
        "operationId": "on_" + type_.name.replace(".", "_"),
        "summary": type_.description,
        "description": DESCRIPTION,
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in HEADERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": _example(type_, schema, components)}},
        },
        "responses": RESPONSES,
    }


def _example(type_: EventType, schema: Schema, components: Components) -> dict[str, Any]:
    shown: dict[str, Any] = example_of(schema, components)
    return {**shown, "sequence": 3}
