"""What stands in the database.

python -m tests.bench.ledger      prints a JSON `Ledger`
"""

import json
import sys
from dataclasses import asdict

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.sandbox_airline.models import SandboxOrder
from tests.bench.records import Ledger


def main() -> None:
    booked = Booking.objects.filter(state__in=[State.CONFIRMED, State.TICKETED]).count()
    sys.stdout.write(json.dumps(asdict(Ledger(booked, SandboxOrder.objects.count()))) + "\n")


if __name__ == "__main__":
    main()
