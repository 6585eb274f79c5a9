"""The worker's part: claim, read one snapshot, write aside, put into the storage, settle.

A worker that is killed leaves a lease that runs out and a file that nobody sees; the next one begins again, with a
snapshot and a file of its own. One that is only slow finds its lease lost, and its file is deleted.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path

import structlog

from bookings.export import claiming, failures, reading, selection, storage, writing
from bookings.export.failures import ExportFailed, LeaseLost
from bookings.export.models import Export
from bookings.export.reading import Snapshot
from bookings.export.schemas import Format
from bookings.export.selection import Selection

log = structlog.get_logger()

TELL_SECONDS = 1.0
LONGEST_RUN_SECONDS = 20.0
"""After that no other export is begun: a worker does other things, too."""

SLOWEST = 1_048_576
"""Bytes in a second."""

Clock = Callable[[], datetime]


def make_due(*, clock: Clock) -> int:
    """Write what waits, one after the other. Returns how many were finished or given up."""
    done, ends_at = 0, time.monotonic() + LONGEST_RUN_SECONDS
    while time.monotonic() < ends_at and (export := claiming.claim(now=clock())):
        make(export, clock=clock)
        done += 1
    return done


def make(export: Export, *, clock: Clock) -> None:
    """One that is claimed, to its end, or back among those that wait. Never raises."""
    name = export.file_of(export.fence)
    try:
        if export.attempts > claiming.MOST_ATTEMPTS:
            raise ExportFailed(failures.WORKER_LOST)
        written = _write(export, storage.aside(export.pk, export.fence), clock)
        claiming.progress(export, now=clock(), lease=_while_kept(written.size))
        storage.keep(written.path, name)
        claiming.ready(
            export,
            now=clock(),
            file=name,
            as_of=written.as_of,
            row_count=written.rows,
            rows_written=written.rows,
            byte_count=written.size,
            sha256=written.sha256,
        )
    except LeaseLost:
        log.warning("export.lease_lost", export_id=str(export.pk))
        _forget(name)
    except ExportFailed as failure:
        with suppress(LeaseLost):
            claiming.fail(export, failure.code, now=clock())
    except Exception:
        # Whatever it was, the database or the storage may do better in a while.
        log.exception("export.attempt_failed", export_id=str(export.pk), attempt=export.attempts)
        _forget(name)
        with suppress(LeaseLost):
            claiming.again(export, now=clock())
    finally:
        _forget_earlier(export)


@dataclass(frozen=True, slots=True)
class Written:
    path: Path
    as_of: datetime
    rows: int
    size: int
    sha256: str


def _write(export: Export, path: Path, clock: Clock) -> Written:
    """Raises LeaseLost, ExportFailed, and whatever the database and the disk do."""
    chosen, format_ = selection.of(export), Format(export.format)
    # Before the snapshot is taken: whatever was committed by this moment is in it.
    as_of = clock()
    with reading.snapshot() as rows:
        claiming.progress(export, now=clock(), rows_expected=_expected(chosen, rows, format_), as_of=as_of)
        count = writing.write(format_, chosen, rows, path, has_bom=export.has_bom, tell=_teller(export, clock))
    claiming.progress(export, now=clock(), rows_written=count)
    with path.open("rb") as whole:
        digest = file_digest(whole, "sha256").hexdigest()
    return Written(path, as_of, count, path.stat().st_size, digest)


def _while_kept(size: int) -> timedelta:
    """Nothing is told while a bucket takes the file, so the lease is as long as a slow one needs."""
    return claiming.LEASE + timedelta(seconds=size / SLOWEST)


def _expected(chosen: Selection, rows: Snapshot, format_: Format) -> int:
    """Raises ExportFailed for more than the format holds."""
    expected = rows.number(chosen.count(), chosen.values)
    if format_ is Format.XLSX and expected > writing.MOST_ROWS_OF_XLSX:
        raise ExportFailed(failures.TOO_MANY_ROWS)
    return expected


def _teller(export: Export, clock: Clock) -> writing.Tell:
    """Writes the progress down, and prolongs the lease, once in TELL_SECONDS."""
    last = time.monotonic()

    def tell(rows: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_SECONDS:
            claiming.progress(export, now=clock(), rows_written=rows)
            last = time.monotonic()

    return tell


def _forget(name: str) -> None:
    try:
        storage.forget(name)
    except Exception:
        # The storage may be what failed. The name is deleted again with the next claim of the export.
        log.exception("export.file_left", name=name)


def _forget_earlier(export: Export) -> None:
    """Files of claims whose workers were lost between keeping and settling."""
    for fence in range(1, export.fence):
        _forget(export.file_of(fence))
