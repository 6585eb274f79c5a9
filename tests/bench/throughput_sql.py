"""One of the processes that make bookings of bare SQL, as the creation part records it.

    python -m tests.bench.throughput_sql <rounds> <bookings>

Says that it is ready, and for each line that it is sent makes its bookings and prints a JSON `Stretch`.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from functools import partial
from itertools import islice

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from tests.bench.cast import Traveler
from tests.bench.creation import BATCH, create
from tests.bench.recording import Replay, record
from tests.bench.records import Stretch


def main(rounds: int, bookings: int) -> None:
    ana = Traveler()
    offers = iter(ana.offers(BATCH + 1 + rounds * bookings))
    for offer in islice(offers, BATCH):  # the airline opens the books of a flight with its first order
        create(ana, offer)
    first = next(offers)
    recording = record(partial(create, ana, first))
    with Replay(recording, of=first["offer_id"]) as replay:
        stretches = [[replay.prepared(offer["offer_id"]) for offer in islice(offers, bookings)] for _ in range(rounds)]
        _say("ready")
        for stretch in stretches:
            sys.stdin.readline()
            since = time.time()
            for book in stretch:
                book()
            _say(json.dumps(asdict(Stretch(len(stretch), since, time.time()))))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
