"""A process that orders work, as a web process does: `python -m tests.workers.caller <what> …`.

order DIARY NAME   commits an outbox row and waits until the word has left
lose DIARY NAME    the same, and then all messages are lost; tells how many
wait DIARY NAME…   commits rows one after the other, each when the last one is done; tells the milliseconds of each
send TASK [K=V …]  sends a task
"""

# The library is hardly typed.
# mypy: allow-untyped-calls

import os
import sys
import time
from collections.abc import Iterator

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "movmo.settings"
django.setup()

from movmo import celery  # noqa: E402  (Django first)
from movmo.kit import clock  # noqa: E402
from movmo.operations import outbox  # noqa: E402
from movmo.operations.models import Outbox  # noqa: E402
from tests.workers import toys  # noqa: E402

PATIENCE = 30.0
LEAVES_WITHIN = 1.5


def order(diary: str, name: str) -> None:
    outbox.put(toys.TOPIC, name, at=clock.now(), diary=diary)
    time.sleep(LEAVES_WITHIN)


def lose(diary: str, name: str) -> int:
    order(diary, name)
    return int(celery.app.control.purge() or 0)


def wait(diary: str, *names: str) -> Iterator[int]:
    for name in names:
        begun = time.monotonic()
        outbox.put(toys.TOPIC, name, at=clock.now(), diary=diary)
        while not Outbox.objects.filter(dedup=name, state=Outbox.State.DONE).exists():
            if time.monotonic() > begun + PATIENCE:
                sys.exit("nobody did it")
            time.sleep(0.002)
        yield round((time.monotonic() - begun) * 1000)


def main(what: str, *rest: str) -> None:
    if what == "send":
        task, *arguments = rest
        celery.app.send_task(task, kwargs=dict(argument.split("=", 1) for argument in arguments))
    elif what == "wait":
        sys.stdout.write(" ".join(map(str, wait(*rest))))
    elif what == "lose":
        sys.stdout.write(str(lose(*rest)))
    else:
        order(*rest)


if __name__ == "__main__":
    main(*sys.argv[1:])
