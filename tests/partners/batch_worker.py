"""A worker of batches that comes as far as a place, says so and stands still there, until it is killed.

    python -m tests.partners.batch_worker <place> <how often it goes past it> <when it is>

Its standard output has the word HERE then. What it holds, a transaction too, it holds until it dies.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movmo.settings")
HERE = "standing still"
AT_ONCE = 5


def main(place: str, times: int, now: datetime) -> None:
    django.setup()
    from bookings.providers import registry
    from movmo.kit.clock import stopped_at
    from movmo.operations import idempotency
    from partners.batch import claiming, registered, running

    module, name, when = {
        "a line is taken": (registered, "run", _before),
        "its write has not committed": (idempotency, "settle", _afterwards),
        "the airline has the order": (type(registry.provider("sandbox")), "book", _afterwards),
        "a line has run": (registered, "run", _afterwards),
        "lines are being settled": (claiming, "count", _before),
    }[place]
    setattr(module, name, when(getattr(module, name), _Standing(times)))
    claiming.claim = partial(claiming.claim, most=AT_ONCE)
    with stopped_at(now):
        running.run_due()


class _Standing:
    """Stops the process when it has been asked so often."""

    def __init__(self, times: int) -> None:
        self._left = times

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._stand()

    def _stand(self) -> NoReturn:
        sys.stdout.write(f"{HERE}\n")
        sys.stdout.flush()
        while True:
            signal.pause()


def _before(work: Callable[..., Any], stand: Callable[[], None]) -> Callable[..., Any]:
    def working(*told: Any, **more: Any) -> Any:
        stand()
        return work(*told, **more)

    return working


def _afterwards(work: Callable[..., Any], stand: Callable[[], None]) -> Callable[..., Any]:
    def working(*told: Any, **more: Any) -> Any:
        answer = work(*told, **more)
        stand()
        return answer

    return working


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), datetime.fromisoformat(sys.argv[3]))
