"""Events are numbered as they become readable, each once: who reads by position misses none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from pydantic import BaseModel

from movmo.kit import clock as process_clock
from movmo.operations import events, outbox
from movmo.operations.events import EventType, Subject
from movmo.operations.models import Event, Outbox
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 4
EACH = 60


class Note(BaseModel):
    title: str


@pytest.fixture
def written() -> Iterator[EventType]:
    kept = list(events._sinks)
    events._sinks.clear()
    yield events.declare(EventType("note.written.v1", "A note was written.", Note))
    events._types.pop("note.written.v1")
    events._sinks[:] = kept


def happen(written: EventType, *titles: str, subject: UUID | None = None, after: int = 0) -> None:
    about = Subject(id=subject or uuid4(), partner_id=None, user_id=None, is_live=False)
    with transaction.atomic():
        events.write(about, [(written, Note(title=title)) for title in titles], after=after, at=process_clock.now())


def orders(**filters: object) -> list[Outbox]:
    return list(Outbox.objects.filter(**filters).order_by("id"))


def test_events_are_published_in_their_order(written: EventType) -> None:
    note = uuid4()
    happen(written, "a", "b", subject=note)
    happen(written, "c", subject=note, after=2)
    outbox.drain()
    told = list(Event.objects.order_by("position"))
    assert [(event.payload["title"], event.sequence, event.position) for event in told] == [
        ("a", 1, 1),
        ("b", 2, 2),
        ("c", 3, 3),
    ]


def test_publishing_twice_changes_nothing_and_tells_no_sink_again(written: EventType) -> None:
    heard: list[str] = []
    events.register_sink(lambda fresh: heard.extend(event.payload["title"] for event in fresh))
    happen(written, "a", "b")
    events.publish(orders())
    before = list(Event.objects.order_by("id").values_list("id", "position"))
    events.publish(orders())
    assert list(Event.objects.order_by("id").values_list("id", "position")) == before
    assert heard == ["a", "b"]


def test_what_a_sink_writes_and_the_position_are_one(written: EventType) -> None:
    def breaks(fresh: object) -> None:
        raise RuntimeError("no room")

    happen(written, "a")
    events.register_sink(breaks)
    outbox.drain()
    assert Event.objects.get().position is None
    events._sinks.clear()
    events.publish(orders())
    assert Event.objects.get().position is not None


def test_an_order_for_no_event_holds_nobody_up(written: EventType) -> None:
    outbox.put(events.TOPIC, "gone", at=process_clock.now(), event_id=str(uuid4()))
    outbox.put(events.TOPIC, "nonsense", at=process_clock.now(), event_id="nonsense")
    happen(written, "a")
    outbox.drain()
    assert Event.objects.get().position is not None
    assert [order.dedup for order in orders(state="ready")] == ["nonsense"]


def test_an_undeclared_event_changes_nothing(written: EventType) -> None:
    stranger = EventType("note.burnt.v1", "Nobody declared it.", Note)
    with pytest.raises(events.UndeclaredEvent):
        happen(stranger, "a")
    assert (Event.objects.count(), Outbox.objects.count()) == (0, 0)


def test_who_reads_by_position_while_many_publish_skips_none(written: EventType) -> None:
    over = Flag()

    def write() -> None:
        for number in range(EACH):
            happen(written, str(number))
            outbox.drain()

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(_read, over)
        outcomes = together(*[write] * WRITERS)
        outbox.drain()
        over.set()
        seen = reading.result(30)
    assert outcomes == [None] * WRITERS
    assert len(seen) == len(set(seen)) == WRITERS * EACH


def _read(over: Flag) -> list[UUID]:
    """As partners do: everything after the last position that was seen."""
    seen: list[UUID] = []
    last = 0
    try:
        while True:
            is_last_look = over.is_set()
            page = list(Event.objects.filter(position__gt=last).order_by("position")[:7])
            seen += [event.pk for event in page]
            last = page[-1].position or 0 if page else last
            if is_last_look and not page:
                return seen
    finally:
        connection.close()
