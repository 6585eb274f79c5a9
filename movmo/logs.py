"""Logging: one JSON line for each event in production, readable lines elsewhere.

Tracebacks never show local variables: those hold keys, tokens and people's data. Libraries that tell values when they
are made to talk are not made to, and what still looks like a secret is masked in the finished line.
"""

import logging
import sys
from typing import Any

import structlog

from movmo.kit.masking import mask

OURS = ("movmo", "bookings", "partners", "mcp_server")
# Their debug lines hold whole requests with codes and secrets (oauthlib, oauth2_provider), the variables of a page
# (django.template), the parameters of statements (django.db.backends, psycopg), headers and bodies (HTTP clients, the
# MCP SDK). They speak from WARNING on, whatever anybody sets above them.
TELLTALE = (
    "django.db.backends",
    "django.template",
    "hpack",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "mcp",
    "oauth2_provider",
    "oauthlib",
    "psycopg",
    "sse_starlette",
    "urllib3",
)
# uvicorn sets itself up before it loads us, with handlers of its own, past the mask: request lines have queries.
SERVER = ("uvicorn", "uvicorn.access", "uvicorn.error")


def configure(*, as_json: bool) -> None:
    """Set structlog and the standard library's loggers up. Called once, by settings."""
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.PositionalArgumentsFormatter(), *_handed_over()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Masked(formatter(as_json=as_json)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in TELLTALE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SERVER:
        server = logging.getLogger(name)
        server.handlers, server.propagate = [], True
    # Django warns of every 4xx answer; those are the callers' business, and the audit trail has them.
    logging.getLogger("django.request").setLevel(logging.ERROR)


def formatter(*, as_json: bool) -> logging.Formatter:
    """What turns a record into its line, nothing masked yet."""
    if as_json:
        ending: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        ending = [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
    )


class Masked(logging.Formatter):
    """Another formatter's lines, tracebacks and all, without secrets."""

    def __init__(self, whole: logging.Formatter) -> None:
        super().__init__()
        self._whole = whole

    def format(self, record: logging.LogRecord) -> str:
        return mask(self._whole.format(record))


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _handed_over() -> list[Any]:
    """structlog's events end as records of the standard library, so that both come out alike."""
    return [structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
