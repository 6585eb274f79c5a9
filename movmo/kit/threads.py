"""Bounded thread pools for blocking work behind an event loop, with database connections that live as long as they do.

A pool of its own for each door: a flood of tool calls cannot take the threads that REST needs. Django keeps one
connection for each thread, so a pool's size is also the number of connections it may hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")


class DatabaseThreads:
    """A pool whose threads keep their connections between calls. `close()` ends both."""

    def __init__(self, name: str, size: int) -> None:
        self._connections: list[BaseDatabaseWrapper] = []
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name, initializer=self._adopt_connections)

    async def run(self, call: Callable[[], T]) -> T:
        """Run `call` in a thread, in a copy of this context. A cancelled waiter does not stop a call that has begun."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, call)

    def begin(self, call: Callable[[], T]) -> Future[T]:
        """The same for a caller that is no coroutine, and may go on before the call is done."""
        return self._pool.submit(copy_context().run, call)

    def close(self) -> None:
        """Wait for the calls that have begun, drop the others, close the connections. Blocks."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for connection in self._connections:
            connection.close()

    def _adopt_connections(self) -> None:
        for connection in connections.all():
            connection.inc_thread_sharing()  # so that close() may do its work from another thread
            self._connections.append(connection)


def with_fresh_connections(call: Callable[[], T]) -> T:
    """What Django does around an HTTP request: drop connections that are broken or past their age, before and after."""
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()
