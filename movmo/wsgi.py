"""REST, pages and admin as a WSGI application. Can be served alone; `movmo.asgi` adds MCP."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from movmo.env import Misconfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movmo.settings")

try:
    _django = get_wsgi_application()
except Misconfigured as failure:
    raise SystemExit(str(failure)) from None

# isort: split
from movmo.operations.usage_writer import WRITER


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Served alone, there is no start-up to hang the writer of the usage book on, and a server may fork before it."""
    WRITER.start(settings.MOVMO_USAGE_SECONDS)
    return _django(environ, start_response)
