"""Letters to travelers about their bookings: ordered as events are published, posted by a worker afterwards.

    order   the sink: one outbox row for each event that deserves a letter, with the event's id and nothing else
    post    the outbox's handler: reads the booking as it is now, writes, and hands the letter to the mail server

At least once: a worker that dies after posting posts the letter again, under the same Message-ID. A mail server that is
away is an exception here, so the row comes again.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.notification import facts, letters, trip_calendar
from bookings.notification.letters import Letter
from bookings.notification.words import worded
from movmo.accounts.letter import sending
from movmo.accounts.letter.sending import Attachment
from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations import events, outbox
from movmo.operations.models import Event, Outbox

log = structlog.get_logger()

TOPIC = "letter"
MOST_EVENTS = 100
"""Of a booking, that are searched for a letter to post again."""


class NothingToPost(Exception):
    """No letter tells how the booking stands. Says why, for staff."""


def install() -> None:
    """At start-up."""
    events.register_sink(order)
    outbox.register(TOPIC, post, singly=True)


def order(published: Sequence[Event]) -> None:
    """Inside the transaction that publishes."""
    wanted: dict[timedelta, dict[str, dict[str, str]]] = defaultdict(dict)
    for event in published:
        letter = letters.of(event)
        if letter is not None:
            wanted[letter.waits][f"letter:{event.pk}"] = {"event_id": str(event.pk)}
    for waits, rows in wanted.items():
        outbox.put_all(TOPIC, rows, at=clock.now() + waits)


def post(rows: Sequence[Outbox]) -> None:
    """Raises LetterNotTaken."""
    for row in rows:
        event = Event.objects.filter(pk=row.payload["event_id"]).first()
        letter = letters.of(event) if event else None
        if event is not None and letter is not None:
            _post(letter, event, letter_id=UUID(row.payload.get("letter_id", str(event.pk))), now=clock.now())


def order_again(booking: Booking, *, now: datetime) -> str:
    """The newest letter that still tells how the booking stands, to be posted once more. Returns its name.

    Raises NothingToPost. As a letter of its own: a mail program that has the first one shows this one too.
    """
    if not _has_a_reader(booking):
        raise NothingToPost("nobody is left to read it")
    for event in Event.objects.filter(subject_id=booking.pk).order_by("-sequence")[:MOST_EVENTS]:
        letter = letters.of(event)
        if letter is not None and letter.is_due(booking, event, now):
            letter_id = str(new_id())
            row = {"event_id": str(event.pk), "letter_id": letter_id}
            outbox.put_all(TOPIC, {f"letter:{letter_id}": row}, at=now)
            return letter.name
    raise NothingToPost(f"no letter tells of a booking that is {State(booking.state).replace('_', ' ')}")


def _post(letter: Letter, event: Event, *, letter_id: UUID, now: datetime) -> None:
    booking = Booking.objects.select_related("user", "payment_method").filter(pk=event.subject_id).first()
    if booking is None or not _has_a_reader(booking) or not letter.is_due(booking, event, now):
        log.info("letter.left_out", letter=letter.name, event_id=str(event.pk))
        return
    told = facts.of(booking, letter, event)
    message = sending.write(
        "booking",
        booking.user.email,
        {**told, **worded(f"email/booking/{letter.name}.txt", told)},
        letter_id=letter_id,
        has_page=True,
        attachments=_calendar(booking, letter, event),
    )
    sending.post(message)


def _has_a_reader(booking: Booking) -> bool:
    """Nobody is left of an account that was deleted: no address, and no people in its bookings."""
    return booking.user.is_active and bool(booking.people)


def _calendar(booking: Booking, letter: Letter, event: Event) -> list[Attachment]:
    if not letter.calendar or not letters.was_sold(booking):
        return []
    text = trip_calendar.calendar(
        booking, method=letter.calendar, stamp=event.created_at, change=letters.change_of(event)
    )
    return [Attachment("trip.ics", text, f"text/calendar; method={letter.calendar}; charset=utf-8")]
