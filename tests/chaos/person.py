"""The traveler of the storm, who says yes to whatever an agent asks, until they are stopped.

python -m tests.chaos.person <seconds>
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.db import DatabaseError, connection

from movmo.kit import clock
from movmo.operations.approval import deciding
from movmo.operations.approval.deciding import ApprovalDecided
from movmo.operations.approval.models import Approval

PAUSE = 0.2


def main(seconds: float) -> None:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        try:
            answer_all()
        except DatabaseError:  # it was killed, and will be back
            connection.close()
        time.sleep(PAUSE)


def answer_all() -> None:
    for asked in Approval.objects.filter(state=Approval.State.PENDING).order_by("id"):
        with suppress(ApprovalDecided):
            deciding.approve(asked.pk, user_id=asked.user_id, proof="code", now=clock.now())


if __name__ == "__main__":
    main(float(sys.argv[1]))
