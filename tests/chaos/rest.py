"""How much is still to be done, in one line: asked again and again until the answer is nothing.

python -m tests.chaos.rest      prints a JSON number
"""

from __future__ import annotations

import json
import sys

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking
from bookings.booking.states import OPEN
from movmo.operations.models import Event, Outbox
from partners.webhook.models import WebhookDelivery


def main() -> None:
    left = [
        Booking.objects.filter(state__in=OPEN),
        Outbox.objects.filter(state=Outbox.State.READY),
        Event.objects.filter(position=None),
        Amendment.objects.filter(state=Amendment.State.OPEN),
        WebhookDelivery.objects.filter(state=WebhookDelivery.State.WAITING),
    ]
    sys.stdout.write(json.dumps(sum(rows.count() for rows in left)) + "\n")


if __name__ == "__main__":
    main()
