"""Writes the usage book every few seconds, in a thread of its own, while a server runs."""

from __future__ import annotations

import atexit
from threading import Event, Lock, Thread

import structlog
from django.db import Error, close_old_connections, connection

from movmo.operations.usage import BOOK, Book

log = structlog.get_logger()

PATIENCE_SECONDS = 10.0


class Writer:
    """`start` may be called as often as one likes, also before each call: after a fork the thread is gone."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._lock = Lock()
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self, seconds: float) -> None:
        """Write every so many seconds; 0 is for tests, which write by hand."""
        if not seconds:
            return
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            if self._thread is None:
                atexit.register(self.stop)
            self._stopping = Event()
            self._thread = Thread(target=self._run, args=(self._stopping, seconds), name="usage", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write the rest and end. Blocks, for some seconds at most."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                self._stopping.set()
                self._thread.join(PATIENCE_SECONDS)

    def _run(self, stopping: Event, seconds: float) -> None:
        try:
            while not stopping.wait(seconds):
                self._write()
            self._write()
        finally:
            connection.close()

    def _write(self) -> None:
        close_old_connections()
        try:
            self._book.flush()
        except Error:
            log.exception("usage.not_written")


WRITER = Writer(BOOK)
