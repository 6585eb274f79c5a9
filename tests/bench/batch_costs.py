"""A batch: looked through and accepted, then run to its end by workers, which are processes as operators have them.

    python -m tests.bench.batch_costs <lines>      prints a JSON `BatchCosts`

Against it the least that it could cost: as many of the same calls by dispatch alone, one after the other in one thread,
half of them before and half of them after. The processor's time is counted, too: it is not the machine's mood.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from uuid import UUID, uuid4

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
import orjson
from django.db import connection, connections

from bookings.passenger.models import Passenger
from partners.batch import running
from partners.batch.models import Batch
from tests.bench.cast import PASSENGER, Traveler, dispatch_as
from tests.bench.records import BatchCosts

BARE_PART = 10
"""One line in so many is called alone as well."""
WORKERS = 4
"""As docs/operators.md starts them. Where only one can write, one."""
PAUSE = 0.02


def main(lines: int) -> None:
    ana = Traveler()
    text = b"\n".join(_line(ana.token, number) for number in range(lines)).decode()
    accepting, _ = _timed(lambda: dispatch_as(ana.caller, "create_batch", lines=text))
    batch = Batch.objects.latest("id")
    calls = lines // BARE_PART // 2
    first, its_processor = _timed(lambda: _alone(ana, calls))
    before = Passenger.objects.count()
    seconds, processor = _run(batch)
    written = Passenger.objects.count() - before
    second, and_its = _timed(lambda: _alone(ana, calls))
    batch.refresh_from_db()
    told = BatchCosts(
        lines=lines,
        done=batch.done,
        written=written,
        accepting=accepting,
        running=seconds,
        processor=processor,
        bare=(first + second) * BARE_PART,
        bare_processor=(its_processor + and_its) * BARE_PART,
    )
    sys.stdout.write(json.dumps(asdict(told)) + "\n")


def _line(token: str, number: int) -> bytes:
    if number % 2:
        return orjson.dumps({"operation": "get_user_profile", "access_token": token})
    return orjson.dumps({
        "operation": "create_passenger_profile",
        "arguments": PASSENGER,
        "idempotency_key": str(uuid4()),
        "access_token": token,
    })  # fmt: skip


def _run(batch: Batch) -> tuple[float, float]:
    """Seconds that passed, and those of the processor, of all workers together."""
    workers = WORKERS if connection.features.has_select_for_update_skip_locked else 1
    connections.close_all()  # what a process inherits is not its own
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        started = time.perf_counter()
        processor = sum(pool.map(_work, [batch.pk] * workers))
        return time.perf_counter() - started, processor


def _work(batch_id: UUID) -> float:
    started = time.process_time()
    while Batch.objects.filter(pk=batch_id, ended_at=None).exists():
        running.run_due()
        time.sleep(PAUSE)  # the last lines are in others' hands
    return time.process_time() - started


def _alone(ana: Traveler, calls: int) -> None:
    for number in range(calls):
        if number % 2:
            ana.call("get_user_profile")
        else:
            ana.call("create_passenger_profile", **PASSENGER)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that passed, and those of the processor."""
    started, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - processor


if __name__ == "__main__":
    main(int(sys.argv[1]))
