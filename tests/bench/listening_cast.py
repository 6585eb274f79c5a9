"""Those who listen, a booking each, and those who change it.

python -m tests.bench.listening_cast <travelers>      prints a JSON list of [token, booking]
python -m tests.bench.listening_cast                  something happens to each booking that is named on a line; answers
                                                      with the time just before the commit, on the machine's own clock
"""

from __future__ import annotations

import json
import sys
import time
from uuid import UUID

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.db import transaction

from bookings.booking import events as told
from bookings.booking import steps
from bookings.booking.events import BookingEvent
from bookings.booking.states import State
from movmo.kit import clock
from movmo.operations import events
from movmo.operations.scopes import SCOPES
from partners.oauth.models import Application
from tests import factories
from tests.bench.cast import Traveler


def listeners(count: int) -> list[tuple[str, str]]:
    """Each traveler with a booking of their own."""
    ana = Traveler()
    agent = Application.objects.create(
        client_id="listener",
        name="Listener",
        client_type=Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=factories.CALLBACK,
        tool_limits="get_booking=99999",
    )
    found = []
    for number, offer in enumerate(ana.offers(count)):
        traveler = factories.traveler(f"listener-{number}@example.com")
        booking = steps.reload(UUID(ana.book(offer)))
        # Booked by one and given to another: it is the listening that is measured.
        booking.user_id = traveler.pk
        booking.save()
        found.append((factories.token(traveler, SCOPES, agent), str(booking.pk)))
    return found


def happen(booking_id: str) -> float:
    booking = steps.reload(UUID(booking_id))
    state = State(booking.state)
    event = BookingEvent(booking_id=booking.pk, status=state)
    with transaction.atomic():
        booking.sequence += 1
        booking.save()
        events.write(told.subject(booking), [(told.OF_STATE[state], event)], after=booking.sequence - 1, at=clock.now())
        return time.monotonic()


def main() -> None:
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(listeners(int(sys.argv[1]))) + "\n")
        return
    for line in sys.stdin:
        sys.stdout.write(f"{happen(line.strip())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
