"""Bookings whose outcome is unknown.

python -m tests.bench.outage.unknown <count>      prints how many there are
"""

from __future__ import annotations

import json
import sys

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from bookings.booking.models import Booking
from bookings.booking.states import State
from tests.bench.cast import Traveler


def main(count: int) -> None:
    ana = Traveler()
    for offer in ana.offers(count):
        ana.book(offer)
    sys.stdout.write(json.dumps(Booking.objects.filter(state=State.UNKNOWN).count()) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
