"""A word to the workers that there is something to do, so that they need not find out by themselves.

It may get lost: the sweeps find everything in the database. So a broker that is away costs delay and nothing else.
Words leave from a thread of their own, so that no call waits for a broker, at most one of a name in PAUSE; what is said
meanwhile is sent afterwards, for the worker that the last word woke may have looked already.
"""

import os
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread

import structlog
from django.db import transaction

log = structlog.get_logger()

PAUSE = 0.05
SILENCE_AFTER_FAILURE = 5.0
PATIENCE = 5.0

Send = Callable[[str], None]


class Messenger:
    """Sends what is said in one process. The thread begins with the first word; after a fork it begins anew."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._dismissed = Event()
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self._said: SimpleQueue[str] = SimpleQueue()
        self._lock = Lock()
        self._thread: Thread | None = None

    def say(self, name: str) -> None:
        self._said.put(name)
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="nudge", daemon=True)
                self._thread.start()

    def dismiss(self) -> None:
        """Another has taken over: what is still to be said, it leaves unsaid. Waits for what it is just saying."""
        self._dismissed.set()
        self._said.put("")  # it may be waiting for a word
        if (thread := self._thread) is not None:
            thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._dismissed.is_set():
            names = {self._said.get(), *self._rest()}
            are_sent = all(self._is_sent(name) for name in sorted(names))
            self._dismissed.wait(PAUSE if are_sent else SILENCE_AFTER_FAILURE)

    def _rest(self) -> set[str]:
        """What was said besides, without waiting."""
        rest: set[str] = set()
        try:
            while True:
                rest.add(self._said.get_nowait())
        except Empty:
            return rest

    def _is_sent(self, name: str) -> bool:
        if self._dismissed.is_set():
            return True
        try:
            self._send(name)
        except Exception as failure:  # noqa: BLE001  whatever the broker's library raises: the sweeps will find the work
            log.warning("nudge.lost", name=name, error=type(failure).__name__)
            return False
        return True


_messenger: Messenger | None = None


def install(send: Send | None) -> None:
    """Called at start-up by the application, which knows the broker. `send` gets the name of what is waiting."""
    global _messenger
    if _messenger is not None:
        _messenger.dismiss()
    _messenger = Messenger(send) if send is not None else None


def after_commit(name: str) -> None:
    """Say it once the transaction that is open has committed."""
    transaction.on_commit(partial(say, name), robust=True)


def say(name: str) -> None:
    if _messenger is not None:
        _messenger.say(name)
