"""How long a call waits for its airline: in time, its answer is the outcome; after that, the booking as it stands.

The work goes on in a thread of its own and writes its outcome down by itself; nobody calls the airline off. Where every
thread is taken, a call waits for one as long as it would wait for the airline, and leaves its booking to the workers.
"""

from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from threading import Lock
from typing import TypeVar

import structlog
from django.conf import settings

from movmo.kit.threads import DatabaseThreads, with_fresh_connections

log = structlog.get_logger()

T = TypeVar("T")

_threads: DatabaseThreads | None = None
_lock = Lock()


def within_budget(call: Callable[[], T]) -> T | None:
    """What the call returned or raised, or None if it is not done within MOVMO_WAIT_SECONDS.

    A call that has begun by then goes on to its end. One that has not, never begins.
    """
    if not settings.MOVMO_WAIT_SECONDS:
        return call()
    begun = _begin(partial(with_fresh_connections, call))
    wait([begun], timeout=settings.MOVMO_WAIT_SECONDS)
    if begun.cancel() or not begun.done():
        begun.add_done_callback(_tell_failure)
        return None
    return begun.result()


def close() -> None:
    """Hear those who were called to their end, and close the connections. The next call begins anew. Blocks."""
    global _threads
    with _lock:
        closing, _threads = _threads, None
    if closing is not None:
        closing.close()


def _begin(call: Callable[[], T]) -> Future[T]:
    global _threads
    with _lock:
        _threads = _threads or DatabaseThreads("patience", settings.MOVMO_WAIT_THREADS)
        return _threads.begin(call)


def _tell_failure(begun: Future[T]) -> None:
    """Nobody waits for its outcome any more; the workers will drive the booking on."""
    if not begun.cancelled() and (failure := begun.exception()) is not None:
        log.error("patience.call_failed", exc_info=failure)
