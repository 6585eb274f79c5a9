"""What happened, for those who asked to be told. Written in the transaction of the change, published by the workers.

    write      an Event with its subject's next sequence, and the order to publish it, beside the change itself; those
               who listen to the subject hear of it at once (`bulletin`)
    publish    positions are given out under one lock, so that a reader's cursor never skips an event; the sinks
               (webhooks, letters) write down, in the same transaction, what they will do about it

Types are `<subject>.<what>.v<version>`. The catalogue is declared with `declare`, and shown in the OpenAPI document.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from pydantic import BaseModel

from movmo.operations import bulletin, outbox
from movmo.operations.models import Event, EventCounter, Outbox

TOPIC = "event"

Sink = Callable[[Sequence[Event]], None]
"""Told of events as they are published, inside that transaction: it may write rows, and calls nobody."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event. `payload` is the shape of its `data`: ids and states, no personal values."""

    name: str
    description: str
    payload: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event is about, and who may know. `is_live`: at a provider where something is really bought."""

    id: UUID
    partner_id: UUID | None
    user_id: UUID | None
    is_live: bool


class UndeclaredEvent(RuntimeError):
    """A programming error: the catalogue has no such type."""


_types: dict[str, EventType] = {}
_sinks: list[Sink] = []


def declare(event_type: EventType) -> EventType:
    """Join the catalogue; at import."""
    _types[event_type.name] = event_type
    return event_type


def catalogue() -> list[EventType]:
    """Every declared type, by name."""
    return [_types[name] for name in sorted(_types)]


def is_declared(name: str) -> bool:
    return name in _types


def register_sink(sink: Sink) -> None:
    """Called at start-up by a room that does something about events."""
    if sink not in _sinks:
        _sinks.append(sink)


def write(subject: Subject, happened: Sequence[tuple[EventType, BaseModel]], *, after: int, at: datetime) -> None:
    """In the transaction of the change. `after` is the subject's sequence before it, which the change has moved on by
    as many as there are events. Raises UndeclaredEvent.
    """
    if undeclared := [type_.name for type_, _ in happened if type_.name not in _types]:
        raise UndeclaredEvent(*undeclared)
    rows = [
        Event(
            type=type_.name,
            subject_id=subject.id,
            sequence=sequence,
            partner_id=subject.partner_id,
            user_id=subject.user_id,
            is_live=subject.is_live,
            payload=payload.model_dump(mode="json"),
            created_at=at,
        )
        for sequence, (type_, payload) in enumerate(happened, start=after + 1)
    ]
    Event.objects.bulk_create(rows)
    outbox.put_all(TOPIC, {f"event:{row.pk}": {"event_id": str(row.pk)} for row in rows}, at=at)
    bulletin.say_after_commit(subject.id, after + len(rows))


def publish(rows: Sequence[Outbox]) -> None:
    """The outbox's handler of TOPIC. Those that were published already stay as they are."""
    ids = [UUID(row.payload["event_id"]) for row in rows]
    with transaction.atomic(durable=True):
        EventCounter.objects.bulk_create([EventCounter()], ignore_conflicts=True)
        # The row stays locked until the commit: positions become readable in their order.
        EventCounter.objects.filter(pk=1).update(position=F("position") + len(ids))
        fresh = _numbered(ids, after=EventCounter.objects.get(pk=1).position - len(ids))
        for sink in _sinks:
            sink(fresh)


def _numbered(ids: Sequence[UUID], *, after: int) -> list[Event]:
    """Those of these events that had no position get the next ones, by one statement."""
    columns = ", ".join(f"event.{field.column}" for field in Event._meta.concrete_fields)
    statement = f"""
        WITH numbered AS (
            SELECT id, row_number() OVER (ORDER BY created_at, subject_id, sequence) AS place
            FROM event WHERE id IN ({", ".join(["%s"] * len(ids))}) AND position IS NULL
        )
        UPDATE event SET position = %s + numbered.place FROM numbered WHERE event.id = numbered.id RETURNING {columns}
    """  # noqa: S608  (our own text)
    named = [Event._meta.pk.get_db_prep_value(one, connection) for one in ids]
    return sorted(Event.objects.raw(statement, [*named, after]), key=lambda event: event.position or 0)


def as_told(event: Event) -> dict[str, Any]:
    """An event as its readers get it, over every way."""
    return {
        "id": str(event.pk),
        "type": event.type,
        "timestamp": event.created_at,
        "subject_id": str(event.subject_id),
        "sequence": event.sequence,
        "data": event.payload,
    }


outbox.register(TOPIC, publish)
