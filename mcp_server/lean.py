"""Schemas as short as a model needs them: it pays for every word of all of them before its first call.

An input keeps what says how to fill it in: descriptions, enums, patterns, bounds. An output keeps names and types of
its top level: what is inside shows in the answer itself, and in full in the OpenAPI document.
"""

from typing import Any

Schema = dict[str, Any]

NULL: Schema = {"type": "null"}
LEFT_OUT = ("examples", "format", "title")


def of_input(schema: Schema) -> Schema:
    """A field that may be left out does not say that it may also be null, nor that null is what it is then."""
    return _told_shortly(schema)


def of_output(schema: Schema) -> Schema:
    defined = schema.get("$defs", {})
    properties = {name: _outside(part, defined) for name, part in schema.get("properties", {}).items()}
    return {"type": "object", "properties": properties}


def _told_shortly(part: Any) -> Any:
    if isinstance(part, list):
        return [_told_shortly(one) for one in part]
    if not isinstance(part, dict):
        return part
    told = {
        name: _named(value) if name in ("properties", "$defs") else _told_shortly(value)
        for name, value in part.items()
        if name not in LEFT_OUT and not (name == "default" and value is None)
    }
    choices = [one for one in told.get("anyOf", []) if one != NULL]
    if len(choices) == 1:
        del told["anyOf"]
        told = {**choices[0], **told}
    return told


def _named(properties: Schema) -> Schema:
    """What is called `title` or `format` here is a field."""
    return {name: _told_shortly(part) for name, part in properties.items()}


def _outside(part: Schema, defined: Schema) -> Schema:
    """The type, and the values it can have."""
    if reference := part.get("$ref"):
        part = {**defined[reference.rpartition("/")[2]], **part}
    if choices := part.get("anyOf"):
        types = [_outside(one, defined).get("type") for one in choices]
        return {"type": types} if all(isinstance(one, str) for one in types) else {}
    return {name: part[name] for name in ("type", "enum", "const") if name in part}
