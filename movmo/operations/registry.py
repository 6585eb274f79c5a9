"""Every declared operation by name. Doors read it; only `spec.operation` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

_operations: dict[str, Operation] = {}


class DeclaredTwice(Exception):
    """Two operations claim one name or one route."""


def register(operation: Operation) -> None:
    if operation.name in _operations:
        raise DeclaredTwice(f"operation {operation.name!r} is declared twice")
    route = (operation.rest.method, operation.rest.path)
    if any((known.rest.method, known.rest.path) == route for known in _operations.values()):
        raise DeclaredTwice(f"route {route} is declared twice")
    _operations[operation.name] = operation


def get(name: str) -> Operation | None:
    return _operations.get(name)


def all_operations() -> list[Operation]:
    """In the order of declaration."""
    return list(_operations.values())


def tools() -> list[Operation]:
    """The operations that agents see, by name."""
    return sorted((known for known in _operations.values() if known.tool), key=lambda known: known.name)


def reader_of(resource: str | None) -> Operation | None:
    """The read operation that answers for a resource template, or None."""
    if resource is None:
        return None
    return next((known for known in _operations.values() if known.is_read and known.resource == resource), None)


def resources() -> list[Operation]:
    """The reads that agents make by URI, in the order of declaration: one for each template."""
    readers: dict[str | None, Operation] = {}
    for known in _operations.values():
        if known.is_read:
            readers.setdefault(known.resource, known)
    return [reader for reader in readers.values() if reader.is_resource]


def completer_of(argument: str) -> Operation | None:
    """The list whose rows complete arguments of this name, or None."""
    return next((known for known in _operations.values() if known.rows and argument in known.rows.completes), None)
