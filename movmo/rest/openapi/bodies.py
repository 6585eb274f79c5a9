"""What goes in and what comes out: a request model taken apart into path, query and body, a result as answers."""

import json
from typing import Any

from movmo.operations.arguments import KEY_SCHEMA
from movmo.operations.spec import Idempotency, Operation
from movmo.rest.location import PARAMETER, USER
from movmo.rest.media import JSON, LINES
from movmo.rest.openapi.components import Components, Schema
from movmo.rest.openapi.examples import example_of

IDEMPOTENCY_KEY: Schema = {
    **KEY_SCHEMA,
    "examples": ["5c2b1d8e-8f43-4a51-b7a3-0f6f5d1c9e77"],
}
OWN_USER: Schema = {"type": "string", "examples": ["me"]}


def parameters(operation: Operation, components: Components) -> list[Schema]:
    """Path, query and header parameters, in this order."""
    model = components.of_request(operation)
    fields: dict[str, Schema] = model.get("properties", {})
    in_path = PARAMETER.findall(operation.rest.path)
    found = [_path_parameter(name, fields.get(name), components) for name in in_path]
    if operation.rest.method in ("GET", "DELETE"):
        required = model.get("required", [])
        found += [
            _query_parameter(name, schema, name in required, components)
            for name, schema in fields.items()
            if name not in in_path
        ]
    if operation.idempotency is not Idempotency.NONE:
        found.append(_key_parameter(operation))
    return found


def _path_parameter(name: str, schema: Schema | None, components: Components) -> Schema:
    if name == USER:
        schema = {**OWN_USER, "description": "`me`, or the id of the token's own traveler."}
    schema = _without_null(schema or {"type": "string"})
    description = schema.pop("description", "")
    shown: Schema = {"name": name, "in": "path", "required": True, "description": description, "schema": schema}
    shown["example"] = example_of(schema, components, name=name)
    return shown


def _query_parameter(name: str, schema: Schema, required: bool, components: Components) -> Schema:
    schema = _without_null(schema)
    description = schema.pop("description", "")
    shown: Schema = {"name": name, "in": "query", "required": required, "description": description, "schema": schema}
    example = example_of(schema, components, name=name)
    return shown if example is None else {**shown, "example": example}


def _without_null(schema: Schema) -> Schema:
    """An optional parameter of the query is left out, one of the path is there; a URL has no null."""
    kept = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    outer = {name: value for name, value in schema.items() if name != "anyOf"}
    if outer.get("default", ...) is None:
        del outer["default"]
    if len(kept) == 1:
        return {**kept[0], **outer}
    return {**outer, "anyOf": kept} if kept else outer


def _key_parameter(operation: Operation) -> Schema:
    must = operation.idempotency is Idempotency.REQUIRED
    how = "Required, here or as the body field `idempotency_key`." if must else "Optional."
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": f"A new random key for each new intention, the same key for a repetition. {how}",
        "schema": IDEMPOTENCY_KEY,
    }


def request_body(operation: Operation, components: Components) -> Schema:
    """The request model without what the path says already, and with the idempotency key."""
    model = components.of_request(operation)
    in_path = set(PARAMETER.findall(operation.rest.path))
    fields = {name: schema for name, schema in model.get("properties", {}).items() if name not in in_path}
    required = [name for name in model.get("required", []) if name not in in_path]
    body: Schema = {**model, "title": _body_name(operation), "properties": fields, "required": required}
    body["description"] = model.get("description") or operation.title
    if not required:
        del body["required"]
    example = {name: example_of(schema, components, name=name) for name, schema in fields.items()}
    if operation.idempotency is not Idempotency.NONE:
        body["properties"] = {
            **fields,
            "idempotency_key": {**IDEMPOTENCY_KEY, "description": "As the header of this name."},
        }
    reference = components.add(_body_name(operation), body)
    return {
        "required": bool(required),
        "description": f"At most {operation.max_body} bytes.",
        "content": {JSON: {"schema": reference, "example": _whole_example(model, in_path) or example}},
    }


def _body_name(operation: Operation) -> str:
    return "".join(part.capitalize() for part in operation.name.split("_")) + "Body"


def _whole_example(model: Schema, in_path: set[str]) -> dict[str, Any] | None:
    """The example that the model gives of itself, if it does."""
    given = next(iter(model.get("examples", [])), None)
    if not isinstance(given, dict):
        return None
    return {name: value for name, value in given.items() if name not in in_path}


def answers(operation: Operation, components: Components) -> dict[str, Schema]:
    """The successes: the route's own status, and 202 where a saga may still be undecided."""
    found = {str(operation.rest.status): _answer(operation, operation.rest.status, components)}
    if operation.is_saga and operation.rest.status != 202:
        found["202"] = _answer(operation, 202, components)
    return found


def _answer(operation: Operation, status: int, components: Components) -> Schema:
    names = ["X-Request-Id", "RateLimit", "RateLimit-Policy"]
    if operation.idempotency is not Idempotency.NONE:
        names.append("Idempotency-Replayed")
    if status in (201, 202) and operation.resource is not None:
        names.append("Location")
    if status == 202:
        names.append("Retry-After")
    shown: Schema = {
        "description": _phrase(status),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
    }
    if status != 204:
        schema = components.of_result(operation)
        example = example_of(schema, components)
        shown["content"] = {JSON: {"schema": schema, "example": example}}
        if operation.whole is not None:
            shown["content"][LINES] = _lines(example)
    return shown


def _lines(page: dict[str, Any]) -> Schema:
    text = "".join(f"{json.dumps(row)}\n" for row in page["data"])
    said = "The whole list, on each line an object like those of `data`."
    return {"schema": {"type": "string", "description": said}, "example": text}


def _phrase(status: int) -> str:
    return {
        201: "Done, and something new is there.",
        202: "Accepted and not yet decided: read `Location` again after `Retry-After` seconds.",
        204: "Done; there is nothing to say.",
    }.get(status, "The answer.")
