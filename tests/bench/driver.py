"""Calls that come at an even pace, and how many of them the limits admit.

    python -m tests.bench.driver <key> <rate> <burst> <pace> <seconds>

Says that it is ready, waits to be told to go, and prints a JSON `Drive`.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from uuid import UUID

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from movmo.operations import limits, registry
from movmo.operations.context import Caller, Door, Plan
from tests.bench.records import Drive


def main(key: str, rate: int, burst: int, pace: float, seconds: float) -> None:
    caller = Caller(door=Door.REST, partner_id=UUID(key), api_key_id=UUID(key), plan=Plan("driven", rate, burst))
    operation = registry.get("list_providers")
    assert operation is not None
    admitted = tries = 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    start_at = time.time()
    while (due := start_at + tries / pace) < start_at + seconds:
        time.sleep(max(0.0, due - time.time()))
        tries += 1
        try:
            limits.spend(operation, caller)
        except limits.RateLimited:
            continue
        admitted += 1
    sys.stdout.write(json.dumps(asdict(Drive(tries, admitted, start_at, time.time()))) + "\n")


if __name__ == "__main__":
    key, *numbers = sys.argv[1:]
    rate, burst, *rest = numbers
    main(key, int(rate), int(burst), *map(float, rest))
