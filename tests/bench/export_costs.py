"""Exports in one process: bookings by the million, written as a worker does it.

    python -m tests.bench.export_costs <rows>      prints a JSON `ExportCosts`

The bookings are copies of one, made by one statement, without what no export reads. Each round has the copy of the
database's own client first and the exports after it, so that all meet the same machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from statistics import median
from uuid import uuid4

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.conf import settings
from django.db import connection

from bookings.booking.models import Booking
from bookings.export import making
from bookings.export.datasets import BOOKINGS
from bookings.export.models import Export
from bookings.export.schemas import Format
from movmo.accounts.models import User
from movmo.kit import clock
from tests.bench.cast import Traveler
from tests.bench.records import ExportCosts
from tests.contract.world import World

ROUNDS = 3
PEAK = "VmHWM"
NOW = "VmRSS"


def main(rows: int) -> None:
    _fill(rows)
    _export(Format.CSV, most=1)  # what is imported and connected once
    _export(Format.PARQUET, most=1)
    copies, exports, parquets = [], [], []
    for _ in range(ROUNDS):
        copies.append(_timed(_copy) if connection.vendor == "postgresql" else 0.0)
        exports.append(_export(Format.CSV))
        parquets.append(_export(Format.PARQUET))
    jsonl, _ = _export(Format.JSONL)
    costs = ExportCosts(
        rows=rows,
        columns=len(BOOKINGS.columns),
        copy=median(copies),
        csv=median(seconds for seconds, _ in exports),
        jsonl=jsonl,
        parquet=median(seconds for seconds, _ in parquets),
        grown=max(more for _, more in exports),
        parquet_grown=max(more for _, more in parquets),
    )
    sys.stdout.write(json.dumps(asdict(costs)) + "\n")


def _fill(rows: int) -> None:
    world = World(Traveler().caller)
    one = Booking.objects.get(pk=world.booking().booking_id)
    names = [str(field.column) for field in Booking._meta.concrete_fields if not field.generated]
    is_postgresql = connection.vendor == "postgresql"
    counted = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %s) SELECT n FROM c"
    numbers = "SELECT n FROM generate_series(1, %s) AS n" if is_postgresql else counted
    values = ", ".join(_value(name, is_postgresql=is_postgresql) for name in names)
    copies = f"SELECT {values} FROM ({numbers}) AS s, booking AS b WHERE b.id = %s"
    statement = f"INSERT INTO booking ({', '.join(names)}) {copies}"
    with connection.cursor() as cursor:
        key = Booking._meta.pk.get_db_prep_value(one.pk, connection)
        cursor.execute(statement, [rows - 1, key])
        cursor.execute("ANALYZE booking")


def _value(name: str, *, is_postgresql: bool) -> str:
    if name == "id":
        rest = "70008000000000000000"
        return f"(lpad(to_hex(n), 12, '0') || '{rest}')::uuid" if is_postgresql else f"printf('%%012x{rest}', n)"
    if name == "order_id":
        return "'ord_' || n"
    if name == "record_locators":
        return """('["R' || (100000 + n %% 899999) || '"]')""" + ("::jsonb" if is_postgresql else "")
    if name == "passengers":
        return "'\\x'::bytea" if is_postgresql else "x''"
    if name in ("itinerary", "services", "documents"):
        return "'[]'::jsonb" if is_postgresql else "'[]'"
    return "b.total_minor + n %% 5000" if name == "total_minor" else f"b.{name}"


def _export(format_: Format, *, most: int | None = None) -> tuple[float, int]:
    """Seconds from the claim to the link, and how much the process grew at its highest."""
    filters = {"until": (clock.now() - timedelta(days=999)).isoformat()} if most else {}
    clerk = User.objects.get_or_create(email="bench@movmo.example", defaults={"is_staff": True})[0]
    now = clock.now()
    export = Export.objects.create(
        id=uuid4(), dataset="bookings", format=format_.value, filters=filters, clerk=clerk, created_at=now, due_at=now
    )
    before = _memory(NOW)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    seconds = _timed(lambda: making.make_due(clock=clock.now))
    grown = _memory(PEAK) - before
    export.refresh_from_db()
    assert export.state == "ready", (export.state, export.failure_code)
    return seconds, grown


def _memory(name: str) -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def _copy() -> None:
    """The bare columns of the same rows in the same order."""
    shown = ", ".join(column.sql for column in BOOKINGS.columns)
    file = Path(settings.MOVMO_EXPORTS_ASIDE) / "copy.csv"
    rows = f"SELECT {shown} FROM {BOOKINGS.source} ORDER BY {BOOKINGS.order}"
    statement = f"\\copy ({rows}) TO '{file}' WITH (FORMAT csv, HEADER)"
    named = connection.settings_dict
    subprocess.run(
        ["psql", "-X", "-q", "-h", named["HOST"], "-p", str(named["PORT"]), "-U", named["USER"], "-d", named["NAME"],
         "-c", statement],
        check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PGPASSWORD": named["PASSWORD"]},
    )  # fmt: skip
    file.unlink()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]))
