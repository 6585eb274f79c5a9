"""From a checkout to the pipeline and back: every operation is named, none is imported."""

from typing import Any

from movmo.operations import registry
from movmo.operations.context import Caller, View
from movmo.operations.dispatch import Answer, dispatch


def ask(caller: Caller, operation_name: str, arguments: dict[str, Any], key: str | None = None) -> Answer:
    """Raises DomainError."""
    operation = registry.get(operation_name)
    assert operation is not None, operation_name
    return dispatch(operation, caller, arguments, key)


def values_of(caller: Caller, operation_name: str, **arguments: Any) -> dict[str, Any]:
    """The fields of an operation's answer. Raises DomainError."""
    view: View = ask(caller, operation_name, arguments).view
    return view.model_dump()
