"""Several calls at the same moment, each from a thread and a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import TypeVar

from django.db import connection, transaction

Result = TypeVar("Result")

PATIENCE = 30


def together(*calls: Callable[[], Result]) -> list[Result | Exception]:
    """What each call returned or raised, in their order."""
    start = Barrier(len(calls), timeout=PATIENCE)

    def run(call: Callable[[], Result]) -> Result | Exception:
        try:
            start.wait()
            return call()
        except Exception as failure:  # noqa: BLE001  (what was raised is the result)
            return failure
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def while_another_holds(hold: Callable[[], object], call: Callable[[], Result]) -> Result:
    """Make the call while another connection has done `hold` in a transaction that it does not end."""
    held, done = Event(), Event()

    def other() -> None:
        try:
            with transaction.atomic():
                hold()
                held.set()
                done.wait(PATIENCE)
                transaction.set_rollback(True)
        finally:
            held.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(other)
        try:
            assert held.wait(PATIENCE)
            return call()
        finally:
            done.set()
            holding.result(PATIENCE)


def wait_for_locks(milliseconds: int) -> None:
    """How long this connection waits for a lock, from now on."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
        else:
            cursor.execute(f"SET lock_timeout = '{milliseconds}ms'")
