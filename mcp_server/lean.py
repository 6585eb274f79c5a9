"""Schemas as short as a model needs them: it pays for every word of all of them before its first call.

An input keeps what says how to fill it in: descriptions, enums, patterns, bounds. An output keeps names and types of
its top level: what is inside shows in the answer itself, and in full in the OpenAPI document.
"""

from typing import Any

Schema = dict[str, Any]

NULL: Schema = {"type": "null"}
# What is inside an object is checked all the same; `tools` says it of the whole.
LEFT_OUT = ("examples", "format", "title", "additionalProperties")


def of_input(schema: Schema) -> Schema:
    """A field that may be left out does not say that it may also be null, nor that null is what it is then."""
    told = {
        name: _each(value) if name in ("properties", "$defs") else _told_shortly(value)
        for name, value in schema.items()
        if name not in LEFT_OUT and not (name == "default" and value is None)
    }
    choices: list[Any] = [one for one in told.get("anyOf", []) if one != NULL]
    if len(choices) == 1:
        told = {**choices[0], **{name: value for name, value in told.items() if name != "anyOf"}}
    return told


def of_output(schema: Schema) -> Schema:
    defined = schema.get("$defs", {})
    properties = {name: _outside(part, defined) for name, part in schema.get("properties", {}).items()}
    return {"type": "object", "properties": properties}


def _told_shortly(part: Any) -> Any:
    if isinstance(part, list):
        return [_told_shortly(one) for one in part]
    return of_input(part) if isinstance(part, dict) else part


def _each(properties: Schema) -> Schema:
    """What is called `title` or `format` here is a field."""
    return {name: _told_shortly(part) for name, part in properties.items()}


def _outside(part: Schema, defined: Schema) -> Schema:
    """The type, where there is one; what may also be null says nothing."""
    if reference := part.get("$ref"):
        part = {**defined[reference.rpartition("/")[2]], **part}
    return {"type": part["type"]} if "type" in part else {}
