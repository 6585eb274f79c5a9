"""The page's shape: the OpenAPI document in the order and the words of somebody who reads it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from movmo.operations.scopes import SCOPES
from movmo.rest.openapi.components import REF, Schema
from movmo.rest.openapi.document import KEY, USER
from movmo.rest.reference import curl
from movmo.rest.reference.highlight import highlight

DEEPEST = 4


@dataclass(frozen=True)
class Field:
    """One row of a table of parameters or fields; `depth` indents fields of fields."""

    name: str
    type: str
    required: bool
    description: str
    depth: int
    where: str = ""


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    body: SafeString | None


@dataclass(frozen=True)
class Entry:
    """One operation as it is shown."""

    name: str
    method: str
    path: str
    title: str
    paragraphs: list[str]
    sunset: str
    effect: str
    cost: int
    idempotency: str
    credentials: str
    scopes: dict[str, str]
    parameters: list[Field]
    body: list[Field]
    fields: list[Field]
    curl: str
    answers: list[Answer]
    refusals: list[Refusal]


@dataclass(frozen=True)
class Group:
    name: str
    anchor: str
    description: str
    entries: list[Entry]


@dataclass(frozen=True)
class Page:
    title: str
    introduction: list[str]
    server: str
    groups: list[Group]
    scopes: dict[str, str]
    count: int
    events: dict[str, str]
    webhook_words: list[str]
    webhook_headers: list[Field]


def build(document: Schema) -> Page:
    entries: dict[str, list[Entry]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entries[operation["tags"][0]].append(_entry(document, method.upper(), path, operation))
    groups = [
        Group(tag["name"], tag["name"].lower().replace(" ", "-"), tag.get("description", ""), entries[tag["name"]])
        for tag in document["tags"]
    ]
    webhooks = [entry["post"] for entry in document["webhooks"].values()]
    return Page(
        title=document["info"]["title"],
        introduction=_paragraphs(document["info"]["description"]),
        server=document["servers"][0]["url"],
        groups=groups,
        scopes=dict(SCOPES),
        count=sum(len(group.entries) for group in groups),
        events={name: entry["summary"] for name, entry in zip(document["webhooks"], webhooks, strict=True)},
        webhook_words=_paragraphs(webhooks[0]["description"]) if webhooks else [],
        webhook_headers=[_parameter(document, header) for header in document["components"]["parameters"].values()],
    )


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def _entry(document: Schema, method: str, path: str, operation: Schema) -> Entry:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    success = next(answer for status, answer in operation["responses"].items() if status < "300")
    result = success.get("content", {}).get("application/json", {}).get("schema", {})
    return Entry(
        name=operation["operationId"],
        method=method,
        path=path,
        title=operation["summary"].rstrip("."),
        paragraphs=_paragraphs(operation["description"]),
        sunset=operation.get("x-movmo-sunset", ""),
        effect=operation["x-movmo-effect"],
        cost=operation["x-movmo-cost"],
        idempotency=operation["x-movmo-idempotency"],
        credentials=_credentials(operation["security"]),
        scopes={name: SCOPES[name] for name in operation["security"][-1].get(USER, [])},
        parameters=[_parameter(document, parameter) for parameter in operation.get("parameters", [])],
        body=list(_rows(document, body.get("schema", {}))),
        fields=list(_rows(document, result)),
        curl=curl.of_operation(document["servers"][0]["url"], method, path, operation),
        answers=[_answer(status, answer) for status, answer in operation["responses"].items() if status < "300"],
        refusals=[refusal for answer in operation["responses"].values() for refusal in _refusals(answer)],
    )


def _credentials(security: list[Schema]) -> str:
    with_user = [USER in option for option in security]
    assert all(KEY in option for option in security)
    if all(with_user):
        return "API key and traveler token"
    return "API key, and a traveler token if you like" if any(with_user) else "API key"


def _parameter(document: Schema, parameter: Schema) -> Field:
    schema = parameter["schema"]
    return Field(
        parameter["name"], _type(document, schema), parameter["required"], parameter["description"], 0, parameter["in"]
    )


def _rows(document: Schema, schema: Schema, depth: int = 0) -> Iterator[Field]:
    """The fields of an object, those of objects within it below and indented."""
    schema = _resolve(document, schema)
    if depth > DEEPEST:
        return
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        described = part.get("description") or _resolve(document, part).get("description", "")
        yield Field(name, _type(document, part), name in required, " ".join(described.split()), depth)
        for inner in _inner(document, part):
            yield from _rows(document, inner, depth + 1)


def _inner(document: Schema, schema: Schema) -> list[Schema]:
    """The objects that a field holds: itself, its items, or its alternatives."""
    schema = _resolve(document, schema)
    if "properties" in schema:
        return [schema]
    if schema.get("type") == "array":
        return _inner(document, schema.get("items", {}))
    return [found for option in _alternatives(schema) for found in _inner(document, option)]


def _alternatives(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]


def _resolve(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].removeprefix(REF)]
    return schema


def _type(document: Schema, schema: Schema) -> str:
    """A type in a few words: `string (date)`, `list of Passenger`, `one of "economy", "business"`."""
    schema = _resolve(document, schema)
    if options := _alternatives(schema):
        return " or ".join(dict.fromkeys(_type(document, option) for option in options))
    if "const" in schema:
        return f"“{schema['const']}”"
    if "enum" in schema:
        return "one of " + ", ".join(f"“{value}”" for value in schema["enum"])
    if schema.get("type") == "array":
        return "list of " + _type(document, schema.get("items", {}))
    if schema.get("type") == "object":
        return "object"
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _answer(status: str, answer: Schema) -> Answer:
    content = answer.get("content", {}).get("application/json")
    return Answer(status, answer["description"], highlight(content["example"]) if content else None)


def _refusals(answer: Any) -> Iterator[Refusal]:
    for shown in answer.get("content", {}).get("application/json", {}).get("examples", {}).values():
        value = shown["value"]
        yield Refusal(value["status_code"], value["code"], value["message"], value["hint"])
