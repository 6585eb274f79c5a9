"""Tasks and work that worker processes are tried with. What happened is written into a diary, a file."""

import os
import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from celery import shared_task

from movmo.operations import outbox
from movmo.operations.models import Outbox

TOPIC = "toy"

outbox.LEASE = timedelta(seconds=2)


def write(diary: str, line: str) -> None:
    with Path(diary).open("a") as file:
        file.write(f"{line}\n")


@shared_task
def note(*, diary: str, line: str) -> None:
    write(diary, line)


@shared_task
def poison(*, diary: str) -> None:
    """Kills the process that works on it, each time."""
    write(diary, "poison")
    os.kill(os.getpid(), signal.SIGKILL)


def play(rows: Sequence[Outbox]) -> None:
    """Begins, and does not end while the diary's brake is on."""
    for row in rows:
        diary = row.payload["diary"]
        write(diary, f"begun {row.dedup}")
        while Path(f"{diary}.brake").exists():
            time.sleep(0.02)
        write(diary, f"done {row.dedup}")


outbox.register(TOPIC, play, singly=True)
