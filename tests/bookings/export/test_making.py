"""A file appears whole or not at all, as of one moment, whoever dies or is slow while it is written."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import Storage, storages

from bookings.export import claiming, making, storage, writing
from bookings.export.failures import LeaseLost
from bookings.export.models import Export
from bookings.export.services import purge
from movmo import env
from movmo.kit import clock
from movmo.operations.models import Event, UsageCount
from partners.partner.models import Partner
from tests import factories
from tests.bookings.export.scene import Folder, made, ordered, rows_of, usage, with_key, written
from tests.conftest import StoppedClock
from tests.office import clerk_with_app
from tests.workers.running import _database

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60.0


def test_the_record_says_what_the_file_is(aviare: Partner, folder: Folder) -> None:
    usage(aviare, "search_flights")
    export = made(with_key(aviare), "usage")
    file = folder.only()
    assert export.byte_count == len(file)
    assert export.sha256 == hashlib.sha256(file).hexdigest()
    assert export.file == f"{export.pk}-1.csv"
    assert list(folder.aside.iterdir()) == []
    assert oct((folder.finished / export.file).stat().st_mode & 0o777) == "0o600"


def test_what_is_committed_while_it_is_written_is_not_in_it(
    aviare: Partner, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first rows are out when others change what is still to come, and add to it."""
    rows = [UsageCount(partner_id=aviare.pk, day="2027-03-01", operation=f"o{n}", calls=1) for n in range(9_000)]
    UsageCount.objects.bulk_create(rows, batch_size=1_000)
    export = ordered(with_key(aviare), "usage")
    monkeypatch.setattr(making, "TELL_SECONDS", 0.0)
    before = claiming.progress
    has_changed: list[int] = []

    def meanwhile(export: Export, **columns: Any) -> None:
        before(export, **columns)
        if columns.get("rows_written") and not has_changed:
            has_changed.append(UsageCount.objects.update(calls=7))
            usage(aviare, "later")

    monkeypatch.setattr(claiming, "progress", meanwhile)
    written(export)
    assert has_changed == [9_000]
    told = rows_of(folder.only())
    assert len(told) == 9_000
    assert {row["calls"] for row in told} == {"1"}
    assert export.as_of is not None and export.as_of <= clock.now()


def test_progress_is_told_while_it_is_written(aviare: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [UsageCount(partner_id=aviare.pk, day="2027-03-01", operation=f"o{n:040}", calls=1) for n in range(12_000)]
    UsageCount.objects.bulk_create(rows, batch_size=1_000)
    monkeypatch.setattr(making, "TELL_SECONDS", 0.0)
    told, before = [], claiming.progress

    def listened(export: Export, **columns: Any) -> None:
        before(export, **columns)
        seen = Export.objects.get(pk=export.pk)
        told.append((seen.state, seen.rows_written, seen.rows_expected))

    monkeypatch.setattr(claiming, "progress", listened)
    made(with_key(aviare), "usage")
    assert {state for state, _, _ in told} == {"running"}
    assert {expected for _, _, expected in told} == {12_000}
    counts = [count for _, count, _ in told]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2


def test_a_bucket_may_be_slow_with_a_large_file(aviare: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the lease for as long as it takes, and nobody begins it anew meanwhile."""
    monkeypatch.setattr(making, "SLOWEST", 0.1)
    keep, rivals = storage.keep, []

    def slowly(path: Path, name: str) -> None:
        rivals.append(claiming.claim(now=clock.now() + claiming.LEASE * 2))
        keep(path, name)

    monkeypatch.setattr(storage, "keep", slowly)
    usage(aviare, "search_flights")
    assert made(with_key(aviare), "usage").state == "ready"
    assert rivals == [None]


def test_a_worker_that_is_killed_is_followed_by_another(aviare: Partner, folder: Folder) -> None:
    """kill -9 in the middle of the file: nobody sees it, and the next worker writes it whole."""
    rows = [UsageCount(partner_id=aviare.pk, day="2027-03-01", operation=f"o{n:040}", calls=1) for n in range(12_000)]
    UsageCount.objects.bulk_create(rows, batch_size=1_000)
    export = ordered(with_key(aviare), "usage")
    with doomed(folder) as worker:
        part = folder.aside / f"{export.pk}-1.part"
        _until(lambda: part.exists() and part.stat().st_size > 0, worker)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(PATIENCE)
    export.refresh_from_db()
    assert (export.state, export.fence, folder.names) == ("running", 1, [])
    assert 0 < part.stat().st_size < 12_000 * 60
    assert written(export).state == "running", "its lease still runs"
    Export.objects.update(lease_until=clock.now())
    assert written(export).state == "ready"
    assert (export.fence, export.attempts, export.row_count) == (2, 2, 12_000)
    assert folder.names == [f"{export.pk}-2.csv"]
    assert len(rows_of(folder.only())) == 12_000
    assert not part.exists()


@contextmanager
def doomed(folder: Folder) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker in a process of its own that stops after its first rows."""
    changes = {
        "DATABASE_URL": _database(),
        "MOVMO_EXPORTS_DIR": str(folder.finished),
        "MOVMO_EXPORTS_ASIDE": str(folder.aside),
    }
    command = [sys.executable, "-m", "tests.bookings.export.doomed"]
    process = subprocess.Popen(command, env={**os.environ, **changes}, cwd=env.BASE_DIR)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)


def _until(is_so: Any, worker: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + PATIENCE
    while not is_so():
        assert worker.poll() is None
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def test_a_worker_that_is_only_slow_leaves_nothing(
    aviare: Partner, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another has taken over while it wrote: what the slow one has is deleted, and the other's stays."""
    usage(aviare, "search_flights")
    export = ordered(with_key(aviare), "usage")
    slow = claiming.claim(now=clock.now())
    assert slow is not None
    before = storage.keep

    def kept(path: Path, name: str) -> None:
        before(path, name)
        if name == slow.file_of(1):
            Export.objects.update(lease_until=clock.now() - timedelta(seconds=1))
            making.make_due(clock=clock.now)

    monkeypatch.setattr(storage, "keep", kept)
    making.make(slow, clock=clock.now)
    export.refresh_from_db()
    assert (export.state, export.file, folder.names) == ("ready", f"{export.pk}-2.csv", [f"{export.pk}-2.csv"])
    assert Event.objects.filter(subject_id=export.pk).count() == 1


def test_an_export_is_claimed_by_one(aviare: Partner) -> None:
    ordered(with_key(aviare), "usage")
    now = clock.now()
    assert claiming.claim(now=now) is not None
    assert claiming.claim(now=now) is None


def test_an_export_of_staff_is_claimed_by_one(aviare: Partner) -> None:
    ordered(with_key(aviare), "usage")
    Export.objects.update(partner=None, api_key_id=None, is_live=None, clerk=clerk_with_app())
    now = clock.now()
    assert claiming.claim(now=now) is not None
    assert claiming.claim(now=now + claiming.LEASE / 2) is None
    assert claiming.claim(now=now + claiming.LEASE) is not None


def test_two_are_written_at_once_and_one_of_a_partner_s(aviare: Partner, kestrel: Partner) -> None:
    for partner in (aviare, aviare, kestrel, factories.partner("merlin")):
        ordered(with_key(partner), "usage")
    now = clock.now()
    claimed = [claiming.claim(now=now) for _ in range(3)]
    assert [one and one.partner_id for one in claimed] == [aviare.pk, kestrel.pk, None]


def test_whoever_lost_the_lease_writes_nothing_down(aviare: Partner) -> None:
    ordered(with_key(aviare), "usage")
    slow = claiming.claim(now=clock.now())
    assert slow is not None
    Export.objects.update(fence=5)
    for call in (claiming.progress, claiming.ready, claiming.again):
        with pytest.raises(LeaseLost):
            call(slow, now=clock.now())
    with pytest.raises(LeaseLost):
        claiming.fail(slow, "not_written", now=clock.now())
    assert Export.objects.get().state == "running"


class Away(Storage):
    """A storage that is not to be reached."""

    def save(self, *_: Any, **__: Any) -> str:
        raise ConnectionError

    def delete(self, *_: Any, **__: Any) -> None:
        raise ConnectionError


def test_a_storage_that_is_away_is_tried_again_and_then_given_up(
    aviare: Partner, folder: Folder, clock: StoppedClock, settings: Any
) -> None:
    settings.STORAGES = {**settings.STORAGES, "exports": {"BACKEND": f"{__name__}.Away"}}
    export = made(with_key(aviare), "usage")
    assert (export.state, export.attempts, export.lease_until) == ("ordered", 1, None)
    assert written(export).attempts == 1, "not at once"
    for attempts in (2, 3):
        clock.forward(minutes=5)
        assert written(export).attempts == attempts
    assert (export.state, export.failure_code) == ("failed", "not_written")
    event = Event.objects.get(subject_id=export.pk)
    assert (event.type, event.payload["code"]) == ("export.failed.v1", "not_written")


def test_one_whose_workers_die_each_time_is_given_up(aviare: Partner, folder: Folder) -> None:
    export = ordered(with_key(aviare), "usage")
    Export.objects.update(attempts=3, fence=3)
    folder.finished.mkdir()
    (folder.finished / f"{export.pk}-3.csv").write_text("kept and never settled")
    written(export)
    assert (export.state, export.failure_code) == ("failed", "worker_lost")
    assert folder.names == []


def test_files_are_deleted_in_time_and_records_stay(
    aviare: Partner, folder: Folder, clock: StoppedClock, settings: Any
) -> None:
    settings.MOVMO_EXPORT_DAYS = 2
    export = made(with_key(aviare), "usage")
    clock.forward(days=2, seconds=-1)
    assert purge(now=clock.now) == 0
    assert folder.names == [export.file]
    clock.forward(seconds=2)
    assert purge(now=clock.now) == 1
    assert folder.names == []
    export.refresh_from_db()
    assert (export.state, export.row_count, len(export.sha256)) == ("expired", 0, 64)
    assert purge(now=clock.now) == 0


def test_what_a_lost_worker_kept_after_another_had_finished_is_deleted_too(
    aviare: Partner, folder: Folder, clock: StoppedClock
) -> None:
    export = ordered(with_key(aviare), "usage")
    slow = claiming.claim(now=clock.now)
    assert slow is not None
    clock.forward(minutes=2)
    written(export)
    (folder.finished / slow.file_of(slow.fence)).write_bytes(b"rows")
    clock.forward(days=8)
    assert purge(now=clock.now) == 1
    assert folder.names == []


def test_a_worker_that_wakes_late_leaves_the_file_of_the_next_one(aviare: Partner) -> None:
    """Of what lies aside it removes what was left before it, and nothing else."""
    export = ordered(with_key(aviare), "usage")
    before, later = storage.aside(export.pk, 1), storage.aside(export.pk, 3)
    storage.aside(export.pk, 2)
    assert (before.exists(), later.exists()) == (False, True)


def test_what_was_left_half_written_is_swept_away(folder: Folder) -> None:
    folder.aside.mkdir()
    old, young = folder.aside / "a-1.part", folder.aside / "b-1.part"
    for file in (old, young):
        file.touch()
    os.utime(old, (0, 0))
    purge(now=clock.now())
    assert [file.name for file in folder.aside.iterdir()] == ["b-1.part"]


def test_a_query_that_breaks_off_makes_no_file(
    aviare: Partner, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> int:
        raise OSError("no space left on device")

    monkeypatch.setattr(writing, "_pour", broken)
    export = made(with_key(aviare), "usage")
    assert (export.state, folder.names) == ("ordered", [])


def test_the_storage_is_the_settings(folder: Folder) -> None:
    assert str(storages["exports"].location) == str(folder.finished)  # type: ignore[attr-defined]
