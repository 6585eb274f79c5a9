"""A word to the workers that there is something to do, so that they need not find out by themselves.

It may get lost: the sweeps find everything in the database. So a broker that is away costs delay and nothing else, and
one word in PAUSE is enough for a process.
"""

import time
from collections.abc import Callable
from functools import partial

import structlog
from django.db import transaction

log = structlog.get_logger()

PAUSE = 0.05
SILENCE_AFTER_FAILURE = 5.0

Send = Callable[[str], None]

_send: Send | None = None
_quiet_until: dict[str, float] = {}


def install(send: Send | None) -> None:
    """Called at start-up by the application, which knows the broker. `send` gets the name of what is waiting."""
    global _send
    _send = send
    _quiet_until.clear()


def after_commit(name: str) -> None:
    """Say it once the transaction that is open has committed."""
    transaction.on_commit(partial(say, name), robust=True)


def say(name: str) -> None:
    now = time.monotonic()
    if _send is None or now < _quiet_until.get(name, 0.0):
        return
    _quiet_until[name] = now + PAUSE
    try:
        _send(name)
    except Exception as failure:  # noqa: BLE001  whatever the broker's library raises: the sweeps will find the work
        _quiet_until[name] = now + SILENCE_AFTER_FAILURE
        log.warning("nudge.lost", name=name, error=type(failure).__name__)
