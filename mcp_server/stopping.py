"""To know at once that the server is to stop: `lifespan` says so only when every answer has come to its end."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def when_stopping(call: Callable[[], None]) -> Iterator[None]:
    """Have it called in the running loop when a signal comes, before whoever handles that signal already.

    A server in a thread hears no signals, and one that does not care for a signal goes on not caring.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(call)
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
