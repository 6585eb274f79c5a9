"""Movmo's own statement for a booking, and whose it is, for a server that knows no Django.

python -m tests.bench.contenders.fast_mcp.query <booking id>      prints {"BENCH_STATEMENT", "BENCH_TRAVELER"}
"""

import json
import sys

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from bookings.booking.models import Booking
from tests.bench.contenders.bare import FIND_BOOKING


def main(booking_id: str) -> None:
    traveler = Booking.objects.values_list("user_id", flat=True).get(pk=booking_id)
    sys.stdout.write(json.dumps({"BENCH_STATEMENT": FIND_BOOKING, "BENCH_TRAVELER": str(traveler)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
