"""Examples: a whole value for a schema, out of its fields' own examples, defaults, enumerations and formats."""

from typing import Any

from movmo.rest.openapi.components import Components, Schema

DEEPEST = 12
BY_FORMAT = {
    "uuid": "0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10",
    "date": "2026-09-14",
    "date-time": "2026-09-14T07:35:00Z",
    "time": "07:35:00",
    "email": "ana@example.com",
    "uri": "https://example.com/",
    "duration": "PT1H35M",
    "binary": "",
}
# Fields that models seldom give an example for, because their names say it all.
BY_NAME = {"next_cursor": None, "cursor": None, "currency": "EUR", "amount": "412.30", "user_id": "me"}


def example_of(schema: Schema, components: Components, *, name: str = "", depth: int = 0) -> Any:
    """An example that fits the schema. Optional parts are shown too, so that a reader sees all there is."""
    whole = _given(schema)
    if whole is not None:
        return whole[0]
    if "$ref" in schema:
        return example_of(components.resolve(schema), components, name=name, depth=depth)
    if options := _options(schema):
        return example_of(options[0], components, name=name, depth=depth)
    if schema.get("type") == "object" or "properties" in schema:
        return _object(schema, components, depth)
    if schema.get("type") == "array":
        return _array(schema, components, name, depth)
    return _scalar(schema, name)


def _given(schema: Schema) -> tuple[Any] | None:
    """The example that the schema itself gives, boxed, since None is one too."""
    if "const" in schema:
        return (schema["const"],)
    if schema.get("examples"):
        return (schema["examples"][0],)
    return None


def _options(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or []
    return [option for option in found if option.get("type") != "null"] or found


def _object(schema: Schema, components: Components, depth: int) -> dict[str, Any]:
    if depth >= DEEPEST:
        return {}
    found = {
        name: example_of(part, components, name=name, depth=depth + 1)
        for name, part in schema.get("properties", {}).items()
    }
    if not found and isinstance(values := schema.get("additionalProperties"), dict):
        return {"key": example_of(values, components, depth=depth + 1)}
    return found


def _array(schema: Schema, components: Components, name: str, depth: int) -> list[Any]:
    if "prefixItems" in schema:
        return [example_of(part, components, depth=depth + 1) for part in schema["prefixItems"]]
    if depth >= DEEPEST or "items" not in schema:
        return []
    return [example_of(schema["items"], components, name=name, depth=depth + 1)] * max(1, schema.get("minItems", 1))


def _scalar(schema: Schema, name: str) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    if name in BY_NAME and schema.get("type") == "string":
        return BY_NAME[name]
    if schema.get("default") is not None:
        return schema["default"]
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return name or "text"
