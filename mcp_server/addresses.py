"""URIs of resources: which read answers for one, and with which arguments.

A URI is taken letter by letter as its template writes it: no capitals in the scheme, nothing percent-encoded, no dot
segments, no user, query or fragment, and ids as answers give them. So a resource has one URI, and the gate and the
reader cannot understand two different things.
"""

from __future__ import annotations

import re
from functools import cache
from uuid import UUID

from mcp_server.errors import ResourceNotFound
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations import registry
from movmo.operations.context import Caller, View
from movmo.operations.dispatch import dispatch
from movmo.operations.spec import Operation

PARAMETER = re.compile(r"{(\w+)}")
ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
WORD = "[a-z0-9_-]{1,60}"


def reader_at(uri: str) -> tuple[Operation, dict[str, str]] | None:
    """The read that answers for the URI, with its arguments; None where no template fits."""
    for operation in registry.resources():
        if match := _pattern(operation).fullmatch(uri):
            return operation, match.groupdict()
    return None


def read(uri: str, caller: Caller) -> tuple[Operation, View]:
    """The read and what it told. Raises ResourceNotFound, or what the read refuses for another reason."""
    found = reader_at(uri)
    if found is None:
        raise ResourceNotFound(uri)
    reader, named = found
    try:
        return reader, dispatch(reader, caller, named).view
    except (NotFound, InvalidArguments):
        raise ResourceNotFound(uri) from None


def template_of(operation: Operation) -> str:
    assert operation.resource is not None
    return operation.resource


def parameters_of(operation: Operation) -> list[str]:
    """What the URI holds besides its letters; nothing of a resource that there is once."""
    return PARAMETER.findall(template_of(operation))


@cache
def _pattern(operation: Operation) -> re.Pattern[str]:
    pieces = PARAMETER.split(template_of(operation))
    fields = operation.request_model.model_fields
    written = [re.escape(pieces[0])]
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        shape = ID if fields[name].annotation is UUID else WORD
        written += [f"(?P<{name}>{shape})", re.escape(after)]
    return re.compile("".join(written))
