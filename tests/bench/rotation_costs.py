"""A new encryption key over many rows, while rows are read and written all the time.

python -m tests.bench.rotation_costs <rows>      prints a JSON `Rotation`
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict
from datetime import datetime

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.conf import settings
from django.db import connection

from movmo.kit import clock, encrypted
from movmo.kit.ids import new_id
from movmo.operations import reencryption
from movmo.operations.models import IdempotencyRecord
from tests.bench.records import Rotation

BATCH = 5_000


def main(rows: int) -> None:
    old = dict(settings.MOVMO_ENCRYPTION_KEYS)
    _fill(rows)
    settings.MOVMO_ENCRYPTION_KEYS = {**old, max(old) + 1: os.urandom(32)}
    encrypted.keyring.cache_clear()
    life = _Life()
    life.start()
    started = time.perf_counter()
    written = sum(sum(reencryption.run(field)) for field in reencryption.fields())
    seconds = time.perf_counter() - started
    life.stop()
    left = sum(_is_old(stored) for stored in IdempotencyRecord.objects.values_list("stored", flat=True).iterator())
    told = Rotation(rows=written, seconds=seconds, left=left, calls=life.calls, failed=life.failed)
    sys.stdout.write(json.dumps(asdict(told)) + "\n")


def _fill(rows: int) -> None:
    now = clock.now()
    for first in range(0, rows, BATCH):
        records = [_record(f"{first + index}", now) for index in range(min(BATCH, rows - first))]
        IdempotencyRecord.objects.bulk_create(records)


def _record(key: str, now: datetime) -> IdempotencyRecord:
    return IdempotencyRecord(
        owner_id=new_id(),
        key_hash=key.encode(),
        operation="any",
        fingerprint=b"f",
        resource_id=new_id(),
        stored=b'{"number": "NX4P87L21"}',
        created_at=now,
        expires_at=now,
    )


def _is_old(stored: bytes | memoryview | None) -> bool:
    return stored is not None and bytes(stored)[0] != encrypted.keyring().current


class _Life(threading.Thread):
    """What goes on meanwhile: a row is written, read again, and one of the old ones is read."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.calls = self.failed = 0
        self._ended = threading.Event()

    def run(self) -> None:
        ours = IdempotencyRecord.objects.filter(operation="any")
        old = list(ours.values_list("pk", flat=True)[:1_000])
        while not self._ended.wait(0.002):
            fresh = _record(f"life-{self.calls}", clock.now())
            fresh.save(force_insert=True)
            seen = [IdempotencyRecord.objects.get(pk=pk).stored for pk in (fresh.pk, old[self.calls % len(old)])]
            self.calls += 1
            self.failed += seen != [b'{"number": "NX4P87L21"}'] * 2
        connection.close()

    def stop(self) -> None:
        self._ended.set()
        self.join()


if __name__ == "__main__":
    main(int(sys.argv[1]))
