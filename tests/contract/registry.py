"""The registry, cut the ways the contract tests need it."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from movmo.operations import registry
from movmo.operations.spec import Credentials, Operation

EVERY_OPERATION = registry.all_operations()
WRITES = [operation for operation in EVERY_OPERATION if not operation.is_read]
TOOLS = [operation for operation in EVERY_OPERATION if operation.tool]
READS = [operation for operation in EVERY_OPERATION if operation.is_read]

Cases = list[Any]


def is_partner_s(operation: Operation) -> bool:
    """About what belongs to the partner itself, whoever of its travelers is named beside the key."""
    return operation.needs is Credentials.KEY and not operation.tool and not operation.scopes


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.name)


def each_scope(operations: list[Operation]) -> pytest.MarkDecorator:
    cases = [
        pytest.param(operation, scope, id=f"{operation.name}-{scope}")
        for operation in operations
        for scope in operation.scopes
    ]
    return pytest.mark.parametrize(("operation", "scope"), cases)


def fields_of(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every input field with its dotted name, those of nested models too."""
    for name, field in model.model_fields.items():
        yield at + name, field
        for nested in models_in(field.annotation):
            yield from fields_of(nested, f"{at}{name}.")


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]
