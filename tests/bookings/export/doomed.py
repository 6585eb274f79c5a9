"""A worker that writes the first rows of what is due and then stands still, until it is killed: `python -m` this."""

import os
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movmo.settings")


def main() -> None:
    django.setup()
    from bookings.export import claiming, making
    from movmo.kit import clock

    before = claiming.progress

    def and_wait(export: Any, **columns: Any) -> None:
        before(export, **columns)
        if columns.get("rows_written"):
            time.sleep(600)

    making.TELL_SECONDS = 0.0
    claiming.progress = and_wait
    making.make_due(clock=clock.now)


if __name__ == "__main__":
    main()
