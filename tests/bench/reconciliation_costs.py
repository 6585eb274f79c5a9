"""A statement of many lines in one process, from the file to classed rows, as a worker does it.

    python -m tests.bench.reconciliation_costs <lines>      prints a JSON `ReconciliationCosts`

As many documents stand against them; one in 400 lines is wrong, in one of six ways. Each round has the bare statements
first (`reconciliation_bare`), so that both meet the same machine.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from statistics import median

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.db import connection

from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from bookings.reconciliation import services
from bookings.reconciliation.models import Run, Statement
from bookings.reconciliation.services import Kept, Sender
from movmo.kit import clock
from tests.bench import office_bookings as made
from tests.bench.cast import Traveler
from tests.bench.reconciliation_bare import COLUMNS as HEADER
from tests.bench.reconciliation_bare import bare
from tests.bench.records import ReconciliationCosts
from tests.bench.stage import BenchBroke

ROUNDS = 3
WRONG_IN = 2_400
FIRST, DAY, LAST = date(2026, 11, 1), date(2026, 11, 14), date(2026, 11, 30)


def main(lines: int) -> None:
    _documents(lines)
    alone, taken, grown = [], [], 0
    for number in range(ROUNDS):
        content = _statement(lines, number)
        alone.append(bare(content))
        seconds, more = _compared(content)
        taken.append(seconds)
        grown = max(grown, more)
    costs = ReconciliationCosts(
        lines=lines,
        seconds=median(taken),
        counted=median(one.counted for one in alone),
        kept=median(one.kept for one in alone),
        ratio=median(seconds / one.kept for seconds, one in zip(taken, alone, strict=True)),
        grown=grown,
    )
    sys.stdout.write(json.dumps(asdict(costs)) + "\n")


def _documents(count: int) -> None:
    ana = Traveler()
    ana.trust_the_agent()
    original = Booking.objects.get(pk=ana.book(ana.offers(1)[0]))
    document = BookingDocument.objects.filter(booking=original)[0]
    hexed = made._hex("n")
    changes = {
        "id": made._uuid(f"'0198f3c27d1e7c449b0c' || {hexed}"),
        "order_id": f"'ord_' || {hexed}",
        "record_locator": f"'P' || {made._padded('n', 7)}",
        "number": f"'111' || {made._padded('n', 10)}",
        "amount_minor": "10000 + n % 5000",
        "tax_minor": "1000",
        "fee_minor": "0",
        "currency": "'EUR'",
        "issued_on": f"DATE '{DAY}'" if connection.vendor == "postgresql" else f"'{DAY}'",
    }
    made._copy(document, count, changes)
    BookingDocument.objects.filter(pk=document.pk).update(issued_on=date(2025, 1, 1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE booking_document")


def _statement(lines: int, number: int) -> bytes:
    """`number` only makes it another file."""
    rows = list(_rows(lines))
    return "\n".join([HEADER, *rows, f"# lines {len(rows)}", *[""] * (number + 1)]).encode()


def _rows(lines: int) -> Iterator[str]:
    for n in range(lines):
        wrong = n % WRONG_IN
        minor = 10_000 + n % 5_000 + (100 if wrong == 400 else 0)
        ticket = f"{999 if wrong == 800 else 111}{n:010d}"
        currency = "USD" if wrong == 1_200 else "EUR"
        row = (
            f"sale,ord_{n:012x},{ticket},P{n:07d},{DAY},{currency},{minor // 100}.{minor % 100:02d},"
            f"{'10.01' if wrong == 1_600 else '10.00'},0.00"
        )
        if wrong != 2_000:
            yield row
        if wrong == 1:
            yield row


def _compared(content: bytes) -> tuple[float, int]:
    """Seconds of the worker's phase, and how many bytes it grew by."""
    about = Kept("statement.csv", FIRST, LAST)
    statement = services.receive(io.BytesIO(content), about, by=Sender("sandbox"), now=clock.now(), auto_accept=True)
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    began = time.perf_counter()
    done = services.advance(statement.pk, clock=clock.now)
    seconds = time.perf_counter() - began
    _check(done, done.runs.get() if done.state == "reconciled" else None)
    return seconds, _memory("VmHWM") - before


def _check(statement: Statement, run: Run | None) -> None:
    if run is None or len(run.counts["by_class"]) < 6:
        raise BenchBroke(f"{statement.state} {statement.problem} {run and run.counts}")


def _memory(name: str) -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
