"""Threads that keep their connections, no more of them than asked for, and none left over."""

import asyncio
import threading
import time
from contextvars import ContextVar

import pytest
from django.db import connection

from movmo.kit.threads import DatabaseThreads, with_fresh_connections

pytestmark = pytest.mark.django_db(transaction=True)

word: ContextVar[str] = ContextVar("word")


def one() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return threading.get_ident(), id(connection.connection)


def test_calls_run_side_by_side_but_never_more_than_the_size() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def wait() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    async def crowd() -> None:
        threads = DatabaseThreads("test", 4)
        await asyncio.gather(*[threads.run(wait) for _ in range(12)])
        await asyncio.to_thread(threads.close)

    asyncio.run(crowd())
    assert most == 4


def test_a_thread_keeps_its_connection_until_the_pool_closes() -> None:
    async def calls() -> list[tuple[int, int]]:
        threads = DatabaseThreads("test", 1)
        seen = [await threads.run(lambda: with_fresh_connections(one)) for _ in range(5)]
        kept = list(threads._connections)
        await asyncio.to_thread(threads.close)
        assert all(adopted.connection is None for adopted in kept)
        return seen

    assert len(set(asyncio.run(calls()))) == 1


def test_context_goes_in_and_does_not_come_back() -> None:
    def change() -> str:
        found = word.get()
        word.set("changed")
        return found

    async def call() -> tuple[str, str, str]:
        threads = DatabaseThreads("test", 1)
        word.set("mine")
        answers = (await threads.run(change), await threads.run(change), word.get())
        await asyncio.to_thread(threads.close)
        return answers

    assert asyncio.run(call()) == ("mine", "mine", "mine")


def test_a_call_that_has_begun_is_finished_though_nobody_waits() -> None:
    begun, finished = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        time.sleep(0.05)
        finished.set()

    async def leave() -> None:
        threads = DatabaseThreads("test", 1)
        waiter = asyncio.create_task(threads.run(work))
        await asyncio.to_thread(begun.wait)
        waiter.cancel()
        await asyncio.to_thread(threads.close)

    asyncio.run(leave())
    assert finished.is_set()


def test_one_caller_has_half_of_the_threads_and_whoever_leaves_frees_none() -> None:
    begun, wake = threading.Semaphore(0), threading.Event()
    running: list[str] = []

    def work(name: str) -> str:
        running.append(name)
        begun.release()
        assert wake.wait(10)
        return name

    async def crowd() -> None:
        threads = DatabaseThreads("test", 4)
        crowding = [asyncio.create_task(threads.run_for("ana", lambda: work("ana"))) for _ in range(8)]
        for _ in range(2):
            await asyncio.to_thread(begun.acquire)
        for task in crowding:
            task.cancel()
        await asyncio.gather(*crowding, return_exceptions=True)
        again = asyncio.create_task(threads.run_for("ana", lambda: work("ana again")))
        assert await threads.run_for("bo", lambda: "bo") == "bo"
        assert await threads.run(lambda: "who calls") == "who calls"
        assert running == ["ana", "ana"]
        wake.set()
        assert await again == "ana again"
        await asyncio.to_thread(threads.close)

    asyncio.run(crowd())
