"""A process in which things happen: `python -m tests.operations.happening`, a subject and its sequence on each line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

BASE = Path(__file__).resolve().parents[2]


class Elsewhere:
    """The process, as the test sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def happen(self, subject_id: UUID, *, after: int) -> None:
        """One more event of the subject; it has committed when this returns."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{subject_id} {after}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"


@contextmanager
def elsewhere(**environment: str) -> Iterator[Elsewhere]:
    """Another process on this test's database, with the carrier of its settings."""
    from tests.workers.running import _database

    command = [sys.executable, "-m", "tests.operations.happening"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "DATABASE_URL": _database(), **environment},
        cwd=BASE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Elsewhere(process)
    finally:
        process.communicate(timeout=30)


def main() -> None:
    import django

    django.setup()

    from django.db import transaction
    from pydantic import BaseModel

    from movmo.kit import clock
    from movmo.operations import events
    from movmo.operations.events import EventType, Subject

    class Nothing(BaseModel):
        pass

    happened = events.declare(EventType("subject.changed.v1", "Something happened.", Nothing))
    for line in sys.stdin:
        subject_id, after = line.split()
        subject = Subject(UUID(subject_id), partner_id=None, user_id=None, is_live=False)
        with transaction.atomic():
            events.write(subject, [(happened, Nothing())], after=int(after), at=clock.now())
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movmo.settings")
    main()
