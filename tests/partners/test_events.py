"""The list of events: whose, in which order, and what a reader who comes back has missed: nothing."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from movmo.kit.cursor import CursorInvalid, encode
from movmo.kit.errors import InvalidArguments
from movmo.operations import outbox
from movmo.operations.context import Caller
from movmo.operations.models import Event
from partners.event.schemas import EventList
from partners.partner.models import Partner
from tests.contract.world import World
from tests.operations.together import together
from tests.partners import hooks
from tests.partners.hooks import CANCELLED, TICKETED, ask, by_live_key, by_test_key

pytestmark = pytest.mark.django_db(transaction=True)


def listed(caller: Caller, **filters: Any) -> EventList:
    page = ask(caller, "list_events", **filters)
    assert isinstance(page, EventList)
    return page


def test_a_partner_reads_its_own_events_of_the_key_s_mode(aviare: Partner, kestrel: Partner) -> None:
    test, live = hooks.happen(aviare), hooks.happen(aviare, is_live=True)
    hooks.happen(kestrel)
    hooks.happen(None)
    hooks.publish()
    assert [event.subject_id for event in listed(by_test_key(aviare)).data] == [test]
    assert [event.subject_id for event in listed(by_live_key(aviare)).data] == [live]


def test_an_event_says_what_happened_and_nothing_of_a_person(ana_at_aviare: Caller, world: World) -> None:
    booking = world.booking()
    hooks.publish()
    told = listed(ana_at_aviare).data
    assert {event.subject_id for event in told} == {booking.booking_id}
    assert [event.sequence for event in told] == list(range(1, len(told) + 1))
    assert told[-1].type == TICKETED
    assert told[-1].data["status"] == "ticketed"
    written = str([event.model_dump() for event in told]).lower()
    assert "andersson" not in written
    assert "ana" not in written.replace("aviare", "")


def test_types_and_subjects_are_filtered(aviare: Partner) -> None:
    one = hooks.happen(aviare, TICKETED, CANCELLED)
    hooks.happen(aviare, "booking.held.v1")
    hooks.publish()
    caller = by_test_key(aviare)
    assert [event.type for event in listed(caller, types=CANCELLED).data] == [CANCELLED]
    both = listed(caller, types=f"{CANCELLED},booking.held.v1").data
    assert {event.type for event in both} == {CANCELLED, "booking.held.v1"}
    assert {event.subject_id for event in listed(caller, subject=str(one)).data} == {one}
    assert listed(caller, subject=str(uuid4())).data == []
    assert listed(caller, types="booking.flown.v1").data == []


@pytest.mark.parametrize("types", ["", "nonsense", "Booking.ticketed.v1", "a.b,", ",a.b", "a.b c.d", "a.b;c.d"])
def test_a_list_of_types_that_is_none_is_refused(aviare: Partner, types: str) -> None:
    with pytest.raises(InvalidArguments) as told:
        listed(by_test_key(aviare), types=types)
    assert set(told.value.fields) == {"/types"}


def test_a_reader_goes_on_from_where_it_was_also_from_nothing(aviare: Partner) -> None:
    caller = by_test_key(aviare)
    start = listed(caller)
    assert start.data == []
    hooks.happen(aviare, TICKETED, CANCELLED)
    hooks.publish()
    first = listed(caller, cursor=start.next_cursor, limit=1)
    second = listed(caller, cursor=first.next_cursor, limit=1)
    end = listed(caller, cursor=second.next_cursor)
    assert [page.data[0].type for page in (first, second)] == [TICKETED, CANCELLED]
    assert (end.data, end.next_cursor) == ([], second.next_cursor)
    later = hooks.happen(aviare)
    hooks.publish()
    assert [event.subject_id for event in listed(caller, cursor=end.next_cursor).data] == [later]


@pytest.mark.parametrize("position", [[], ["1"], [-1], [2**63], [1, 2], ["\0"], [0, "x"]])
def test_a_forged_cursor_is_refused(aviare: Partner, position: list[Any]) -> None:
    with pytest.raises(CursorInvalid):
        listed(by_test_key(aviare), cursor=encode(position))


def test_another_partner_s_cursor_leads_to_nothing_of_theirs(aviare: Partner, kestrel: Partner) -> None:
    hooks.happen(kestrel)
    hooks.happen(aviare)
    hooks.publish()
    theirs = listed(by_test_key(kestrel), limit=1)
    page = listed(by_test_key(aviare), cursor=theirs.next_cursor)
    assert {event.subject_id for event in page.data}.isdisjoint(event.subject_id for event in theirs.data)


def test_what_is_not_committed_or_not_published_is_not_shown(aviare: Partner) -> None:
    hooks.happen(aviare)
    assert listed(by_test_key(aviare)).data == []
    with pytest.raises(RuntimeError), transaction.atomic():
        hooks.happen(aviare)
        raise RuntimeError
    hooks.publish()
    assert len(listed(by_test_key(aviare)).data) == 1


def test_a_reader_beside_many_writers_skips_nothing(aviare: Partner) -> None:
    """Positions become readable in their order, however long the transactions take that write and publish."""
    caller, seen = by_test_key(aviare), []

    def write() -> None:
        for _ in range(8):
            hooks.happen(aviare)
            outbox.drain()

    def read() -> None:
        cursor: dict[str, Any] = {}
        for _ in range(60):
            page = listed(caller, limit=3, **cursor)
            seen.extend(page.data)
            cursor = {"cursor": page.next_cursor}

    workers: list[Callable[[], None]] = [write, write, write, read]
    assert [one for one in together(*workers) if isinstance(one, Exception)] == []
    outbox.drain()
    while page := listed(caller, cursor=encode([_position(seen)])).data:
        seen.extend(page)
    assert len(seen) == len({event.id for event in seen}) == 24
    order = list(Event.objects.order_by("position").values_list("pk", flat=True))
    assert [event.id for event in seen] == order


def _position(seen: list[Any]) -> int:
    position = Event.objects.values_list("position", flat=True).get(pk=seen[-1].id) if seen else 0
    assert position is not None
    return position
