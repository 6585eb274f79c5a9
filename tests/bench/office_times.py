"""What pages of the back office take, in one process and without a socket: medians in milliseconds.

python -m tests.bench.office_times <bookings>      prints a JSON `OfficeTimes`
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from statistics import median

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.test import Client

from tests.bench import office_bookings as made
from tests.bench.records import OfficeTimes
from tests.bench.stage import HOST, BenchBroke
from tests.office import clerk_with_app, entered

ROUNDS = 15
LIST, SEARCH = "/admin/bookings/booking/", "/admin/search/?extended=1&s="
SEARCHES: dict[str, Callable[[int], str]] = {
    "PNR": made.locator,
    "ticket": made.ticket,
    "order id": made.order_id,
    "booking id": made.booking_id,
}


def main(count: int) -> None:
    office = entered(Client(HTTP_HOST=HOST), clerk_with_app())
    # The same numbers every time, and each once: what was found a moment ago is remembered.
    numbers = random.Random(1).sample(range(count), ROUNDS * (len(SEARCHES) + 3))
    chosen = iter(numbers)
    lists = {
        "list of bookings": _median(office, [LIST] * ROUNDS),
        "its tenth page": _median(office, [f"{LIST}?p=10"] * ROUNDS),
        "those of one state": _median(office, [f"{LIST}?state__exact=unknown"] * ROUNDS),
        "page of a booking": _median(office, [f"{LIST}{made.booking_id(next(chosen))}/change/" for _ in range(ROUNDS)]),
        "list, searched by PNR": _median(office, [f"{LIST}?q={made.locator(next(chosen))}" for _ in range(ROUNDS)]),
    }
    searches = {
        name: _median(office, [SEARCH + term(next(chosen)) for _ in range(ROUNDS)], must_find=LIST)
        for name, term in SEARCHES.items()
    }
    addresses = [SEARCH + made.email(number) for number in range(min(ROUNDS, max(count // made.OF_EACH, 1)))]
    searches["e-mail"] = _median(office, addresses, must_find=LIST)
    sys.stdout.write(json.dumps(asdict(OfficeTimes(lists, searches))) + "\n")


def _median(office: Client, addresses: Iterable[str], *, must_find: str = "") -> float:
    """The first one warms up and does not count, unless it is the only one."""
    taken = []
    for address in addresses:
        began = time.perf_counter()
        answer = office.get(address)
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200 or must_find not in answer.content.decode():
            raise BenchBroke(f"{address} answered {answer.status_code}, or found nothing")
    return round(median(taken[1:] or taken), 1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
