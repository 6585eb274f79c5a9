"""Reads all books after a run: ours, the airline's, and what the callers were told.

python -m tests.chaos.verdict <ledger> <received> < the trips as JSON      prints a JSON list of `Finding`s
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bench import django_ready  # noqa: F401  (before anything that needs Django)

# isort: split
from django.db.models import Count

from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking, BookingTransition
from bookings.booking.states import DECIDED, OVER, State
from movmo.operations.models import Approval, AuditEvent, Event, Outbox
from partners.webhook.models import WebhookDelivery
from tests.chaos.ledger import LIVE
from tests.chaos.records import Answer, Finding, Trip, trip_of

TOLD_AS_BOOKED = (State.CONFIRMED, State.TICKETED, State.HELD)
ORDER_OF: dict[str, tuple[str | None, ...]] = {
    State.CONFIRMED: ("confirmed",),
    State.TICKETED: ("confirmed",),
    State.HELD: ("held",),
    State.CANCELLED: ("cancelled",),
    State.FAILED: (None, "failed"),
}
SHOWN = 5


class Books:
    """Both sides' rows, read once."""

    def __init__(self, ledger: Path, received: Path, trips: list[Trip]) -> None:
        self.trips = trips
        self.bookings = {str(one.pk): one for one in Booking.objects.all()}
        with closing(sqlite3.connect(ledger)) as airline:
            airline.row_factory = sqlite3.Row
            self.orders = {row["client_reference"]: dict(row) for row in airline.execute("SELECT * FROM orders")}
            self.seats = [dict(row) for row in airline.execute("SELECT * FROM seats")]
            self.received = Counter(received.read_text().splitlines())
            self.arrivals = [dict(row) for row in airline.execute("SELECT * FROM arrival")]

    @property
    def live(self) -> dict[str, dict[str, Any]]:
        return {reference: order for reference, order in self.orders.items() if order["status"] in LIVE}


def findings(books: Books) -> Iterable[Finding]:
    yield from _orders(books)
    yield from _states(books)
    yield from _approvals(books)
    yield from _told(books)
    yield from _money_and_seats(books)
    yield from _events(books)


def _orders(books: Books) -> Iterable[Finding]:
    sent_again = [one["client_reference"] for one in books.arrivals if _is_double(one)]
    yield _none("orders sent again although one existed", sent_again)
    taken = Counter(one["client_reference"] for one in books.arrivals if one["outcome"] == "taken")
    yield _none("bookings with more than one order", [reference for reference, count in taken.items() if count > 1])
    yield _none("orders without a booking", books.orders.keys() - books.bookings.keys())
    offers = Counter(one.offer_id for one in books.bookings.values())
    yield _none("offers with more than one booking", [offer for offer, count in offers.items() if count > 1])


def _is_double(arrival: dict[str, Any]) -> bool:
    return arrival["outcome"] == "duplicate" and not arrival["replayed"]


def _states(books: Books) -> Iterable[Finding]:
    """A booking and its order must say the same. One in review is a person's to decide: it counts, and is shown."""
    undecided = {*DECIDED, State.MANUAL_REVIEW}
    yield _none("bookings neither over, booked nor in review", _in(books, lambda one: one.state not in undecided))
    yield _none(
        "bookings told as booked without an order",
        _in(books, lambda one: one.state in TOLD_AS_BOOKED and str(one.pk) not in books.live),
    )
    yield _none("bookings in another state than their order", _in(books, lambda one: _disagrees(one, books)))
    waiting = Amendment.objects.exclude(state__in=[Amendment.State.DONE, Amendment.State.REFUSED])
    yield _none("payments and cancellations not decided", waiting.values_list("booking_id", flat=True))
    yield _none(
        "bookings told as over with a live order",
        _in(books, lambda one: one.state in OVER and str(one.pk) in books.live),
    )
    yield _none("bookings whose history has a gap", _in(books, _has_broken_path))


def _approvals(books: Books) -> Iterable[Finding]:
    """What an agent did, its person allowed, once for each."""
    made = Counter(map(str, Approval.objects.filter(state=Approval.State.USED).values_list("resource_id", flat=True)))
    yield _none(
        "bookings of agents that nobody approved", _in(books, lambda one: one.door == "mcp" and not made[str(one.pk)])
    )
    yield _none("approvals used for more than one call", [thing for thing, count in made.items() if count > 1])
    amended = {str(one.pk) for one in Amendment.objects.all()}
    yield _none("approvals used up for nothing", made.keys() - books.bookings.keys() - amended)


def _disagrees(booking: Booking, books: Books) -> bool:
    order = books.orders.get(str(booking.pk))
    return booking.state != State.MANUAL_REVIEW and (order and order["status"]) not in ORDER_OF.get(booking.state, ())


def _has_broken_path(booking: Booking) -> bool:
    steps = list(booking.transitions.order_by("id").values_list("before", "after"))
    joined = all(one[1] == other[0] for one, other in pairwise(steps))
    return not steps or steps[0][0] != "" or not joined or steps[-1][1] != booking.state


def _told(books: Books) -> Iterable[Finding]:
    yield _none("keys without a final answer", [trip.key for trip in books.trips if _is_mute(trip)])
    told = {trip.key: {answer.booking_id for answer in _all(trip)} - {""} for trip in books.trips}
    yield _none("keys told of two bookings", [key for key, ids in told.items() if len(ids) > 1])
    yield _none(
        "keys answered otherwise by the other door",
        [trip.key for trip in books.trips if len({answer.gist for answer in trip.finals}) != 1],
    )
    ids = {booking_id for some in told.values() for booking_id in some}
    yield _none("bookings told of that do not exist", ids - books.bookings.keys())
    booked = {answer.booking_id for trip in books.trips for answer in _all(trip) if answer.status in TOLD_AS_BOOKED}
    yield _none("callers told of a booking that has no order", booked - books.orders.keys())
    yield _none(
        "callers told of a cancellation that was none",
        [
            answer.booking_id
            for trip in books.trips
            for answer in trip.later
            if answer.status == State.CANCELLED and books.orders[answer.booking_id]["status"] != "cancelled"
        ],
    )
    failed = {key for key, booking in books.bookings.items() if booking.state == State.FAILED}
    yield _none("bookings that no caller was told of", books.bookings.keys() - ids - failed)


def _is_mute(trip: Trip) -> bool:
    return not trip.finals or any(answer.code == "no answer" for answer in trip.finals)


def _all(trip: Trip) -> list[Answer]:
    return trip.answers + trip.finals + trip.later


def _money_and_seats(books: Books) -> Iterable[Finding]:
    ours: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    for booking in books.bookings.values():
        if booking.state in TOLD_AS_BOOKED:
            ours[booking.currency] += booking.total_minor
    for reference, order in books.live.items():
        if books.bookings[reference].state != State.MANUAL_REVIEW:
            theirs[order["currency"]] += order["total_minor"]
    yield _none("currencies whose totals differ from the airline's", [c for c in ours | theirs if ours[c] != theirs[c]])
    taken: dict[str, int] = defaultdict(int)
    for order in books.live.values():
        for departure, seats in json.loads(order["departures"]).items():
            taken[departure] += seats
    yield _none(
        "departures whose seats do not add up",
        [one["departure"] for one in books.seats if one["capacity"] - one["seats_left"] != taken[one["departure"]]],
    )


def _events(books: Books) -> Iterable[Finding]:
    sequences: dict[str, list[int]] = defaultdict(list)
    for subject, sequence in Event.objects.order_by("subject_id", "sequence").values_list("subject_id", "sequence"):
        sequences[str(subject)].append(sequence)
    yield _none(
        "bookings whose events have a gap",
        _in(books, lambda one: sequences[str(one.pk)] != list(range(1, one.sequence + 1))),
    )
    yield _none("events not published", Event.objects.filter(position=None).values_list("pk", flat=True))
    doubled = Event.objects.values("position").annotate(times=Count("pk")).filter(times__gt=1)
    yield _none("positions given to two events", doubled.values_list("position", flat=True))
    told = Event.objects.exclude(partner_id=None).values_list("pk", flat=True)
    yield _none("events of the partner that no webhook brought", {str(one) for one in told} - books.received.keys())
    delivered = WebhookDelivery.objects.exclude(state=WebhookDelivery.State.DELIVERED)
    yield _none("webhooks not delivered", delivered.values_list("last_failure", flat=True))
    waiting = Outbox.objects.exclude(state=Outbox.State.DONE)
    yield _none("orders of work not done", waiting.values_list("topic", flat=True))


def _in(books: Books, is_wrong: Any) -> list[str]:
    return [f"{key} {booking.state}" for key, booking in books.bookings.items() if is_wrong(booking)]


def _none(what: str, found: Iterable[object]) -> Finding:
    culprits = sorted(map(str, found))
    return Finding(what, len(culprits), culprits[:SHOWN], at_most=0)


def told_for_information(books: Books) -> Iterable[Finding]:
    states = Counter(booking.state for booking in books.bookings.values())
    for state, count in sorted(states.items()):
        yield Finding(f"bookings {state}", count)
    reviewed = BookingTransition.objects.filter(after=State.MANUAL_REVIEW).exclude(before=State.MANUAL_REVIEW)
    reasons = [f"{one.booking_id} {one.before}: {one.reason}" for one in reviewed]
    yield Finding("steps into manual review", len(reasons), reasons[:SHOWN])
    for mood, count in sorted(Counter(one["mood"] for one in books.arrivals).items()):
        yield Finding(f"orders met by: {mood}", count)
    calls = AuditEvent.objects.filter(operation="create_booking").values("call_id", "phase")
    intents, outcomes = ({c["call_id"] for c in calls if c["phase"] == phase} for phase in AuditEvent.Phase.values)
    asked = Counter(name for trip in books.trips for name, _, _ in trip.amendments)
    for name, count in sorted(asked.items()):
        yield Finding(f"asked: {name}", count)
    yield Finding("events", Event.objects.count())
    yield Finding("webhooks received", books.received.total())
    yield Finding("webhooks received more than once", sum(times > 1 for times in books.received.values()))
    yield Finding("calls cut short: an intent without an outcome", len(intents - outcomes))


def main(ledger: Path, received: Path) -> None:
    books = Books(ledger, received, [trip_of(one) for one in json.load(sys.stdin)])
    told = [*findings(books), *told_for_information(books)]
    sys.stdout.write(json.dumps([asdict(one) for one in told]) + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
