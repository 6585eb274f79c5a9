"""Bounded thread pools for blocking work behind an event loop, with database connections that live as long as they do.

A pool of its own for each door: a flood of tool calls cannot take the threads that REST needs. Django keeps one
connection for each thread, so a pool's size is also the number of connections it may hold.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

T = TypeVar("T")


class Closed(RuntimeError):
    """The pool takes no more calls."""


class DatabaseThreads:
    """A pool whose threads keep their connections between calls. `close()` ends both.

    A queue and threads that read it: the standard library's executor spent three times as long on handing a call over
    and back, twice for each tool call.
    """

    def __init__(self, name: str, size: int) -> None:
        if size < 1:
            raise ValueError(f"{name} needs a thread at the least")
        self._connections: list[BaseDatabaseWrapper] = []
        self._share = max(1, size // 2)
        self._turns: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._is_closed = False
        self._threads = [Thread(target=self._work, name=f"{name}_{number}", daemon=True) for number in range(size)]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close)  # a process that ends hears those to their end who have begun

    async def run(self, call: Callable[[], T]) -> T:
        """Run `call` in a thread, in a copy of this context. A cancelled waiter does not stop a call that has begun."""
        job = _Awaited(partial(copy_context().run, call))
        self._put(job)
        return await job.outcome

    async def run_for(self, whom: Hashable, call: Callable[[], T]) -> T:
        """The same in no more than half of the threads for one caller, whose further calls wait for these."""
        turn = self._turns.setdefault(whom, asyncio.Semaphore(self._share))
        await turn.acquire()
        # With the thread, not with whoever waits for it: a client that leaves does not make its call any shorter.
        job = _Awaited(partial(copy_context().run, call), afterwards=turn.release)
        self._put(job)
        return await job.outcome

    def begin(self, call: Callable[[], T]) -> Future[T]:
        """The same for a caller that is no coroutine, and may go on before the call is done."""
        job = _Begun(partial(copy_context().run, call))
        self._put(job)
        return job.outcome

    def close(self) -> None:
        """Wait for the calls that have begun, drop the others, close the connections. Blocks."""
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        with suppress(Empty):
            while True:
                if (job := self._jobs.get_nowait()) is not None:
                    job.drop()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            connection.close()

    def _put(self, job: _Job) -> None:
        """Raises Closed."""
        if self._is_closed:
            raise Closed
        self._jobs.put(job)

    def _work(self) -> None:
        for connection in connections.all():
            connection.inc_thread_sharing()  # so that close() may do its work from another thread
            self._connections.append(connection)
        while (job := self._jobs.get()) is not None:
            job.run()
            del job  # what it held is not kept until the next one


class _Job(Protocol):
    def run(self) -> None:
        """In a thread of the pool. Raises nothing."""

    def drop(self) -> None:
        """It will not be run."""


class _Awaited(Generic[T]):
    """A call that a coroutine waits for."""

    def __init__(self, call: Callable[[], T], *, afterwards: Callable[[], None] | None = None) -> None:
        self._call = call
        self._afterwards = afterwards
        self._loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[T] = self._loop.create_future()

    def run(self) -> None:
        if self.outcome.cancelled():  # nobody waits any more, and nothing has begun
            return self.drop()
        try:
            settle = partial(self.outcome.set_result, self._call())
        except BaseException as failure:  # noqa: BLE001  whatever it is, the waiter gets it
            settle = partial(self.outcome.set_exception, failure)
        return self._tell(settle)

    def drop(self) -> None:
        self._tell(self.outcome.cancel)

    def _tell(self, settle: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._settle, settle)

    def _settle(self, settle: Callable[[], object]) -> None:
        if self._afterwards is not None:
            self._afterwards()
        if not self.outcome.done():
            settle()


class _Begun(Generic[T]):
    """A call of a thread, which may wait for it."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self.outcome: Future[T] = Future()

    def run(self) -> None:
        if not self.outcome.set_running_or_notify_cancel():
            return
        try:
            self.outcome.set_result(self._call())
        except BaseException as failure:  # noqa: BLE001  whatever it is, the waiter gets it
            self.outcome.set_exception(failure)

    def drop(self) -> None:
        self.outcome.cancel()


def with_fresh_connections(call: Callable[[], T]) -> T:
    """What Django does around an HTTP request: drop connections that are broken or past their age, before and after."""
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()
