"""The worker of a demo, which shares its terminal with what is told there: it speaks only when something is wrong."""

import logging

from movmo import logs
from movmo.celery import app

__all__ = ["app"]

for name in logs.OURS:
    logging.getLogger(name).setLevel(logging.WARNING)
