"""`Location`: where the thing a write made or touched can be read."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from pydantic import BaseModel

from movmo.operations import registry
from movmo.operations.spec import Operation

PARAMETER = re.compile(r"{(\w+)}")
USER = "user_id"
MYSELF = "me"


def location_of(operation: Operation, view: BaseModel, path: Mapping[str, str]) -> str | None:
    """The path of the read that answers for the operation's resource, or None when it cannot be filled in."""
    reader = registry.reader_of(operation.resource)
    if reader is None:
        return None
    values: dict[str, str] = {}
    for name in PARAMETER.findall(reader.rest.path):
        value = MYSELF if name == USER else getattr(view, name, None) or path.get(name)
        if value is None:
            return None
        values[name] = quote(str(value), safe="")
    return reader.rest.path.format_map(values)
