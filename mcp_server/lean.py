"""Schemas as short as a model needs them: it pays for every word of all of them before its first call.

An input keeps what says how to fill it in: descriptions, enums, patterns, bounds; what it refers to once stands in its
place. An output keeps names and types of its top level: what is inside shows in the answer itself, and in full in the
OpenAPI document.
"""

import json
from typing import Any

Schema = dict[str, Any]

NULL: Schema = {"type": "null"}
DEFINED = "#/$defs/"
# What is inside an object is checked all the same; `tools` says it of the whole.
LEFT_OUT = ("examples", "format", "title", "additionalProperties")


def without_detours(schema: Schema) -> Schema:
    """A definition that is used once stands where it is used."""
    written, defined = json.dumps(schema), schema.get("$defs", {})
    once = {name: part for name, part in defined.items() if written.count(f'"{DEFINED}{name}"') == 1}
    kept = {name: part for name, part in defined.items() if name not in once}
    whole = {**{name: part for name, part in schema.items() if name != "$defs"}, **({"$defs": kept} if kept else {})}
    told: Schema = _put_in_place(whole, once)
    return told


def _put_in_place(part: Any, once: Schema) -> Any:
    if isinstance(part, list):
        return [_put_in_place(one, once) for one in part]
    if not isinstance(part, dict):
        return part
    name = str(part.get("$ref", "")).removeprefix(DEFINED)
    if name in once:
        part = {**once[name], **{key: value for key, value in part.items() if key != "$ref"}}
    return {key: _put_in_place(value, once) for key, value in part.items()}


def of_input(schema: Schema, *, is_required: bool = False) -> Schema:
    """A field that may be left out does not say that it may also be null, nor that null is what it is then."""
    required = schema.get("required", [])
    told = {
        name: _each(value, required) if name in ("properties", "$defs") else _told_shortly(value)
        for name, value in schema.items()
        if name not in LEFT_OUT and not (name == "default" and value is None)
    }
    choices: list[Any] = [one for one in told.get("anyOf", []) if one != NULL]
    if len(choices) == 1 and not is_required:
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


def _each(properties: Schema, required: list[str]) -> Schema:
    """What is called `title` or `format` here is a field."""
    return {name: of_input(part, is_required=name in required) for name, part in properties.items()}


def _outside(part: Schema, defined: Schema) -> Schema:
    """The type, where there is one; what may also be null says nothing."""
    if reference := part.get("$ref"):
        part = {**defined[reference.rpartition("/")[2]], **part}
    return {"type": part["type"]} if "type" in part else {}
