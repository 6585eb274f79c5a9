"""The audit trail in one process: lines of calls written, sealed and verified.

    python -m tests.bench.audit_costs <lines>      prints a JSON `AuditCosts`

Lines are written in bulk, with what the calls of agents leave: an intent and an outcome of each. Seals are made by the
house's own sealer. Only verifying is timed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from statistics import median

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations import seals, verification
from movmo.operations.audit import DONE, shard_of
from movmo.operations.context import Door
from movmo.operations.models import AuditEvent
from tests.bench.records import AuditCosts

READINGS = 3
BATCH = 2_000
ARGUMENTS = {
    "provider": "sandbox",
    "offer_id": "0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10",
    "expected_total": {"amount": "412.30", "currency": "EUR"},
    "mode": "instant",
}


def main(lines: int) -> None:
    written = _calls(lines // 2)
    while batch := list(islice(written, BATCH)):
        AuditEvent.objects.bulk_create(batch)
    seals.seal(now=clock.now())
    seals.sign(now=clock.now())
    readings = [_verified() for _ in range(READINGS)]
    problems = [str(problem) for verdict, _ in readings for problem in verdict.problems]
    costs = AuditCosts(readings[0][0].lines, median(rate for _, rate in readings), problems)
    sys.stdout.write(json.dumps(asdict(costs)) + "\n")


def _calls(count: int) -> Iterator[AuditEvent]:
    ana = new_id()
    for _ in range(count):
        call_id, resource_id = new_id(), new_id()
        for phase in AuditEvent.Phase:
            is_over = phase is AuditEvent.Phase.OUTCOME
            yield AuditEvent(
                call_id=call_id,
                shard=shard_of(call_id),
                phase=phase,
                at=clock.now(),
                door=Door.MCP,
                operation="create_booking",
                user_id=ana,
                client_id="scout",
                request_id=str(call_id),
                arguments=ARGUMENTS,
                code=DONE if is_over else "",
                resource_id=resource_id if is_over else None,
                duration_ms=184 if is_over else None,
            )


def _verified() -> tuple[verification.Verdict, float]:
    began = time.perf_counter()
    verdict = verification.verify(now=clock.now())
    return verdict, verdict.lines / (time.perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]))
