"""Logging: one JSON line for each event in production, readable lines elsewhere.

Tracebacks never show local variables: those hold keys, tokens and people's data.
"""

import logging
import sys
from typing import Any

import structlog

OURS = ("movmo", "bookings", "partners", "mcp_server")


def configure(*, as_json: bool) -> None:
    """Set structlog and the standard library's loggers up. Called once, by settings."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        ending: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        ending = [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.PositionalArgumentsFormatter(), *_handed_over()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    # Django warns of every 4xx answer; those are the callers' business, and the audit trail has them.
    logging.getLogger("django.request").setLevel(logging.ERROR)


def _handed_over() -> list[Any]:
    """structlog's events end as records of the standard library, so that both come out alike."""
    return [structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
