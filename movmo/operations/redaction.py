"""Redaction sits on the type: `DocumentNumber = Annotated[str, Redacted]` never reaches the audit trail or a log."""

from typing import Any

from pydantic import BaseModel

MASK = "[redacted]"


class Redacted:
    """Annotation marker for values that are never written down in clear."""


def redact(model: BaseModel) -> dict[str, Any]:
    """The model as JSON values, with every Redacted value masked (its presence stays visible)."""
    return {
        name: MASK if _is_redacted(field.metadata) and value is not None else _redact_value(value, field.annotation)
        for name, field in type(model).model_fields.items()
        if (value := getattr(model, name)) is not None
    }


def _is_redacted(metadata: list[Any]) -> bool:
    return any(mark is Redacted or isinstance(mark, Redacted) for mark in metadata)


def _redact_value(value: Any, annotation: Any) -> Any:
    if isinstance(value, BaseModel):
        return redact(value)
    if isinstance(value, dict):
        return {str(key): _redact_value(item, None) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        # list[DocumentNumber]: the mark sits on the item's annotation.
        inner = getattr(annotation, "__args__", ())
        if any(_is_redacted(list(getattr(arg, "__metadata__", ()))) for arg in inner):
            return MASK
        return [_redact_value(item, None) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
