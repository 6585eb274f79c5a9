"""The registry and the dispatch, as `operations` hands them in: only it may know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from movmo.operations.context import Caller

if TYPE_CHECKING:
    from movmo.operations.dispatch import Answer
    from movmo.operations.spec import Operation

Find = Callable[[str], "Operation | None"]
Dispatch = Callable[["Operation", Caller, Mapping[str, Any], "str | None"], "Answer"]

_find: Find | None = None
_dispatch: Dispatch | None = None


def install(find: Find, dispatch: Dispatch) -> None:
    """Called at import by `operations`."""
    global _find, _dispatch
    _find, _dispatch = find, dispatch


def find(name: str) -> Operation | None:
    """The operation of this name, if it may be a line of a batch."""
    assert _find is not None, "partners.batch.operations is imported at start-up"
    found = _find(name)
    return found if found is not None and found.in_batches else None


def exists(name: str) -> bool:
    assert _find is not None, "partners.batch.operations is imported at start-up"
    return _find(name) is not None


def run(operation: Operation, caller: Caller, arguments: Mapping[str, Any], key: str | None) -> Answer:
    """Raises DomainError."""
    assert _dispatch is not None, "partners.batch.operations is imported at start-up"
    return _dispatch(operation, caller, arguments, key)
