"""`components/schemas`: every request and result model of the registry once, under a stable name."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import CoreModeRef, DefsRef, GenerateJsonSchema, JsonSchemaMode, models_json_schema

from movmo.operations.spec import Operation

Schema = dict[str, Any]
REF = "#/components/schemas/"

ERROR: Schema = {
    "title": "Error",
    "description": "Every refusal, whatever its status.",
    "type": "object",
    "required": ["message", "status_code", "code", "details", "hint", "retryable", "request_id"],
    "properties": {
        "message": {"type": "string", "description": "For people; the words may change."},
        "status_code": {"type": "integer", "description": "The HTTP status once more.", "examples": [409]},
        "code": {"type": "string", "description": "For machines; stable.", "examples": ["price_changed"]},
        "details": {"type": "object", "description": "The facts of this refusal, by name."},
        "hint": {"type": "string", "description": "What to do next."},
        "retryable": {
            "type": "boolean",
            "description": "Whether the same call, repeated with the same key, may succeed.",
        },
        "fields": {
            "type": "object",
            "description": "Messages by JSON pointer (RFC 6901), where the refusal is about fields.",
            "additionalProperties": {"type": "string"},
        },
        "request_id": {"type": "string", "description": "Name it when you write to us; also in `X-Request-Id`."},
    },
}


class NameCollision(Exception):
    """Two different models share a name, which would make a component's name depend on the order of imports."""


class _Named(GenerateJsonSchema):
    """Pydantic's generator, except that it refuses what pydantic resolves by longer names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owners: dict[str, str] = {}

    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        core_ref = str(core_mode_ref[0])
        full_name, _, _ = core_ref.partition(":")
        short_name = full_name.rpartition(".")[2]
        if "[" not in core_ref and self._owners.setdefault(short_name, core_ref) != core_ref:
            raise NameCollision(f"{full_name} and {self._owners[short_name]} are both called {short_name}")
        return super().get_defs_ref(core_mode_ref)


class Components:
    """The schemas of a set of operations and of the payloads of events. Requests are described as they are read, what
    we write as it is written."""

    def __init__(self, operations: Iterable[Operation], payloads: Iterable[type[BaseModel]] = ()) -> None:
        wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
        for operation in operations:
            wanted[(operation.request_model, "validation")] = None
            if issubclass(operation.result_model, BaseModel):
                wanted[(operation.result_model, "serialization")] = None
        for payload in payloads:
            wanted[(payload, "serialization")] = None
        refs, definitions = models_json_schema(list(wanted), ref_template=REF + "{model}", schema_generator=_Named)
        self._refs = refs
        self.schemas: dict[str, Schema] = {**definitions.get("$defs", {}), "Error": ERROR}

    def of_request(self, operation: Operation) -> Schema:
        """The whole schema of a request model; doors take it apart into path, query and body."""
        return self.resolve(self._refs[(operation.request_model, "validation")])

    def of_result(self, operation: Operation) -> Schema:
        """A reference to the schema of the operation's result."""
        return self._refs[(operation.result_model, "serialization")]

    def of_payload(self, payload: type[BaseModel]) -> Schema:
        """A reference to the schema of an event's payload."""
        return self._refs[(payload, "serialization")]

    def add(self, name: str, schema: Schema) -> Schema:
        """Put a schema of this door's own among the components; a reference to it comes back."""
        if name in self.schemas:
            raise NameCollision(f"there is a model called {name} already")
        self.schemas[name] = schema
        return {"$ref": REF + name}

    def resolve(self, schema: Schema) -> Schema:
        """Follow references until there is a schema."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].removeprefix(REF)]
        return schema

    def reachable_from(self, *parts: Schema) -> dict[str, Schema]:
        """The schemas that these parts of the document name, directly or not. Request models that were taken apart are
        not among them.
        """
        found: dict[str, Schema] = {}
        waiting = list(_references(list(parts)))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self.schemas[name]
                waiting += _references(found[name])
        return dict(sorted(found.items()))


def _references(node: Any) -> Iterable[str]:
    """The names of the schemas that are referred to anywhere in a part of the document."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, str) and node.startswith(REF):  # in a `$ref`, or in a discriminator's mapping
        yield node.removeprefix(REF)
