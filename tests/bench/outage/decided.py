"""Waits until no booking is unknown any more.

python -m tests.bench.outage.decided <seconds>      prints when the last was decided, in seconds since 1970, or null
"""

from __future__ import annotations

import json
import sys
import time

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.db.models import Max

from bookings.booking.models import Booking, BookingTransition
from bookings.booking.states import State


def main(patience: float) -> None:
    ends_at = time.monotonic() + patience
    unknown = Booking.objects.filter(state=State.UNKNOWN)
    while unknown.exists() and time.monotonic() < ends_at:
        time.sleep(0.5)
    resolved = BookingTransition.objects.filter(before=State.UNKNOWN).exclude(after=State.UNKNOWN)
    last = None if unknown.exists() else resolved.aggregate(last=Max("at"))["last"]
    sys.stdout.write(json.dumps(last and last.timestamp()) + "\n")


if __name__ == "__main__":
    main(float(sys.argv[1]))
