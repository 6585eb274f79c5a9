"""Tools from the registry: one for each operation that agents see, with the schemas of the models that dispatch uses.

Built once, when the server starts; a call only looks up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp_types import Tool, ToolAnnotations
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from mcp_server import lean
from movmo.operations import arguments
from movmo.operations.arguments import KEY_FIELD
from movmo.operations.context import Request, View
from movmo.operations.spec import Effect, Operation

REPLAYED = "replayed"
# The pattern bounds its length too.
KEY_SCHEMA = {
    "type": "string",
    "pattern": arguments.KEY_SCHEMA["pattern"],
    "description": "A new UUID for each new intention; the same to repeat a call.",
}
REPLAYED_SCHEMA = {"type": "boolean"}


class Catalogue:
    """The tools by name, in the order of their names."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = {operation.name: operation for operation in operations}
        self.tools = [_tool(operation) for operation in self._operations.values()]

    def operation(self, name: str) -> Operation | None:
        return self._operations.get(name)


def _tool(operation: Operation) -> Tool:
    return Tool(
        name=operation.name,
        title=operation.title,
        description=operation.description,
        input_schema=_input_schema(operation),
        output_schema=_output_schema(operation),
        annotations=ToolAnnotations(
            read_only_hint=operation.is_read,
            # Not additive only: it cannot be taken back, or it takes the place of what was there.
            destructive_hint=operation.effect is Effect.IRREVERSIBLE or operation.rest.method == "PUT",
            # A write carries a key on this door, so the same arguments twice do the thing once.
            idempotent_hint=True,
            open_world_hint=operation.open_world,
        ),
    )


def _input_schema(operation: Operation) -> dict[str, Any]:
    schema = lean.of_input(lean.without_detours(_schema(operation.request_model, "validation")))
    schema.pop("description", None)  # the tool's own says it
    schema["additionalProperties"] = False
    if not operation.is_read:
        schema["properties"] = {**schema.get("properties", {}), KEY_FIELD: KEY_SCHEMA}
        schema["required"] = [*schema.get("required", []), KEY_FIELD]
    return schema


def _output_schema(operation: Operation) -> dict[str, Any]:
    schema = lean.of_output(_schema(operation.result_model, "serialization"))
    if not operation.is_read:
        schema["properties"] = {**schema.get("properties", {}), REPLAYED: REPLAYED_SCHEMA}
    return schema


def _schema(model: type[Request] | type[View], mode: JsonSchemaMode) -> dict[str, Any]:
    schema = model.model_json_schema(mode=mode, schema_generator=_LeanSchema)
    if reference := schema.pop("$ref", None):
        # A recursive model's root is a bare reference, but clients want to see an object there.
        schema = {**schema["$defs"][reference.rpartition("/")[2]], **schema}
    return schema


class _LeanSchema(GenerateJsonSchema):
    """JSON Schema 2020-12 without what a model pays tokens for and learns nothing from, or a strict validator refuses.

    Left out are the titles pydantic makes of names, and OpenAPI's `discriminator`.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        union = super().tagged_union_schema(schema)
        union.pop("discriminator", None)
        return union

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        whole = super().generate(schema, mode)
        for named in (whole, *whole.get("$defs", {}).values()):
            named.pop("title", None)
        return whole
