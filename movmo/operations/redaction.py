"""Redaction sits on the type: `DocumentNumber = Annotated[str, Redacted]` never reaches the audit trail or a log."""

from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

MASK = "[redacted]"


class Redacted:
    """Annotation marker for values that are never written down in clear."""


def redact(model: BaseModel) -> dict[str, Any]:
    """The model as JSON values, with every Redacted value masked (its presence stays visible)."""
    return {
        name: MASK if is_redacted(field) else _plain(value)
        for name, field in type(model).model_fields.items()
        if (value := getattr(model, name)) is not None
    }


def is_redacted(field: FieldInfo) -> bool:
    """Whether the field is marked, or a part of its type: `DocumentNumber | None`, `list[DocumentNumber]`."""
    return _is_mark(field.metadata) or _holds_mark(field.annotation)


def _holds_mark(annotation: Any) -> bool:
    return _is_mark(getattr(annotation, "__metadata__", ())) or any(map(_holds_mark, get_args(annotation)))


def _is_mark(metadata: Any) -> bool:
    return any(mark is Redacted or isinstance(mark, Redacted) for mark in metadata)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return redact(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
