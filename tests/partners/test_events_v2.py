"""The second version of the list of events: cursors that tell nobody anything, and readers that miss nothing."""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from movmo.kit.cursor import CursorInvalid, decode, encode
from movmo.kit.errors import InvalidArguments
from movmo.operations import outbox
from movmo.operations.context import Caller
from movmo.operations.models import Event
from partners.event.schemas import EventPage
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from tests import factories
from tests.conftest import StoppedClock
from tests.operations.together import together
from tests.partners import hooks
from tests.partners.hooks import CANCELLED, TICKETED, ask, by_live_key, by_test_key

pytestmark = pytest.mark.django_db(transaction=True)
HELD = "booking.held.v1"


def listed(caller: Caller, **filters: Any) -> EventPage:
    page = ask(caller, "list_events_v2", **filters)
    assert isinstance(page, EventPage)
    return page


def types_on(page: EventPage) -> list[str]:
    return [event.type for event in page.data]


def test_both_versions_tell_the_same_events(aviare: Partner, kestrel: Partner) -> None:
    hooks.happen(aviare, TICKETED, CANCELLED)
    hooks.happen(kestrel)
    hooks.happen(aviare, is_live=True)
    hooks.publish()
    first = ask(by_test_key(aviare), "list_events")
    assert listed(by_test_key(aviare)).data == first.data
    assert len(first.data) == 2
    assert [len(listed(caller).data) for caller in (by_live_key(aviare), by_test_key(kestrel))] == [1, 1]


def test_a_reader_goes_on_from_where_it_was_also_from_nothing(aviare: Partner) -> None:
    caller = by_test_key(aviare)
    start = listed(caller)
    assert (start.data, start.has_more) == ([], False)
    hooks.happen(aviare, TICKETED, CANCELLED)
    hooks.publish()
    first = listed(caller, cursor=start.next_cursor, limit=1)
    second = listed(caller, cursor=first.next_cursor, limit=1)
    assert (types_on(first), first.has_more) == ([TICKETED], True)
    assert (types_on(second), second.has_more) == ([CANCELLED], False)
    assert listed(caller, cursor=second.next_cursor).data == []
    later = hooks.happen(aviare)
    hooks.publish()
    assert [event.subject_id for event in listed(caller, cursor=second.next_cursor).data] == [later]


def test_a_page_that_is_just_full_has_no_more(aviare: Partner) -> None:
    hooks.happen(aviare, TICKETED, CANCELLED)
    hooks.publish()
    assert listed(by_test_key(aviare), limit=2).has_more is False


def test_the_cursor_is_the_same_until_something_comes_whatever_others_do(aviare: Partner, kestrel: Partner) -> None:
    caller = by_test_key(aviare)
    hooks.happen(aviare)
    hooks.publish()
    before = listed(caller).next_cursor
    hooks.happen(kestrel)
    hooks.happen(aviare, is_live=True)
    hooks.publish()
    assert listed(caller, cursor=before).next_cursor == before
    hooks.happen(aviare)
    hooks.publish()
    assert listed(caller, cursor=before).next_cursor != before


def test_a_cursor_says_nothing_of_the_house_s_count(aviare: Partner, kestrel: Partner) -> None:
    """One place of the house has another cursor for everybody, and none of them holds the number."""
    hooks.happen(aviare)
    hooks.publish()
    cursors = [
        listed(caller).next_cursor for caller in (by_test_key(aviare), by_live_key(aviare), by_test_key(kestrel))
    ]
    assert len({*cursors}) == len(cursors)
    position = Event.objects.values_list("position", flat=True).get()
    assert position is not None
    for cursor in cursors:
        assert len(cursor) == 32
        assert position.to_bytes(8, "big") not in urlsafe_b64decode(cursor)
        with pytest.raises(CursorInvalid):
            decode(cursor)


def test_a_cursor_is_for_one_partner_and_one_mode(aviare: Partner, kestrel: Partner) -> None:
    hooks.happen(aviare)
    hooks.publish()
    cursor = listed(by_test_key(aviare)).next_cursor
    for stranger in (by_live_key(aviare), by_test_key(kestrel), by_live_key(kestrel)):
        with pytest.raises(CursorInvalid, match="gave out to you"):
            listed(stranger, cursor=cursor)


def test_a_cursor_of_which_one_character_was_changed_is_refused(aviare: Partner) -> None:
    cursor = listed(by_test_key(aviare)).next_cursor
    for place, letter in enumerate(cursor):
        other = "B" if letter == "A" else "A"
        with pytest.raises(CursorInvalid):
            listed(by_test_key(aviare), cursor=cursor[:place] + other + cursor[place + 1 :])


@pytest.mark.parametrize("cursor", ["", "A", "A" * 31, "A" * 32, "A" * 33, "!" * 32, "é" * 32, encode([17])])
def test_what_this_list_never_gave_out_is_refused(aviare: Partner, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        listed(by_test_key(aviare), cursor=cursor)


def test_a_type_that_there_is_not_is_refused_and_not_waited_for(aviare: Partner) -> None:
    with pytest.raises(InvalidArguments) as told:
        listed(by_test_key(aviare), types=f"{TICKETED},booking.flown.v1")
    assert "booking.flown.v1" in told.value.fields["/types"]
    assert TICKETED not in told.value.fields["/types"]


def test_types_and_subjects_are_filtered(aviare: Partner) -> None:
    one = hooks.happen(aviare, TICKETED, CANCELLED)
    hooks.happen(aviare, HELD)
    hooks.publish()
    caller = by_test_key(aviare)
    assert types_on(listed(caller, types=CANCELLED)) == [CANCELLED]
    assert set(types_on(listed(caller, types=f"{CANCELLED},{HELD}"))) == {CANCELLED, HELD}
    assert {event.subject_id for event in listed(caller, subject=str(one)).data} == {one}
    assert listed(caller, subject=str(uuid4())).data == []


def test_a_reader_begins_where_it_says(aviare: Partner, clock: StoppedClock) -> None:
    hooks.happen(aviare, TICKETED)
    clock.forward(hours=2)
    began = clock.now
    hooks.happen(aviare, CANCELLED)
    hooks.publish()
    caller = by_test_key(aviare)
    assert types_on(listed(caller, since=began.isoformat())) == [CANCELLED]
    assert types_on(listed(caller, since=(began - timedelta(hours=3)).isoformat())) == [TICKETED, CANCELLED]
    assert listed(caller, since=(began + timedelta(seconds=1)).isoformat()).data == []
    with pytest.raises(InvalidArguments):
        listed(caller, since="2027-03-01T14:00:00")  # of no time zone


def test_a_reader_of_rare_events_passes_the_others_once(aviare: Partner) -> None:
    caller = by_test_key(aviare)
    hooks.happen(aviare, *[TICKETED] * 3)
    hooks.publish()
    passed = listed(caller, types=CANCELLED).next_cursor
    assert listed(caller, cursor=passed).data == []
    hooks.happen(aviare, CANCELLED)
    hooks.publish()
    assert types_on(listed(caller, types=CANCELLED, cursor=passed)) == [CANCELLED]


@pytest.mark.parametrize("filters", [{}, {"types": HELD}], ids=["all", "one type"])
def test_a_reader_beside_many_writers_skips_nothing_and_sees_nothing_twice(
    aviare: Partner, kestrel: Partner, filters: dict[str, str]
) -> None:
    caller, seen, cursor = by_test_key(aviare), list[Any](), dict[str, str]()

    def write() -> None:
        for _ in range(8):
            hooks.happen(aviare, TICKETED, HELD)
            hooks.happen(kestrel, HELD)
            outbox.drain()

    def read() -> None:
        for _ in range(60):
            read_on()

    def read_on() -> EventPage:
        page = listed(caller, limit=3, **cursor, **filters)
        seen.extend(page.data)
        cursor["cursor"] = page.next_cursor
        return page

    workers: list[Callable[[], None]] = [write, write, write, read]
    assert [one for one in together(*workers) if isinstance(one, Exception)] == []
    outbox.drain()
    while read_on().data:
        pass
    mine = Event.objects.filter(partner_id=aviare.pk, type__in=[HELD] if filters else [HELD, TICKETED])
    assert [event.id for event in seen] == list(mine.order_by("position").values_list("pk", flat=True))
    assert len(seen) == (24 if filters else 48)


@pytest.fixture
def back_end(aviare: Partner) -> Client:
    return Client(headers={"x-api-key": factories.api_key(aviare)})


def test_over_rest_both_answer_and_the_first_says_how_long(back_end: Client, aviare: Partner) -> None:
    hooks.happen(aviare)
    hooks.publish()
    first, second = (back_end.get(f"/v1/partner/events{version}?limit=1") for version in ("", "/v2"))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["data"] == second.json()["data"]
    assert first.headers["Deprecation"] == "@1795132800"
    assert first.headers["Sunset"] == "Tue, 01 Jun 2027 00:00:00 GMT"
    assert first.headers["Link"] == '</docs#list_events_v2>; rel="successor-version"'
    assert {"Deprecation", "Sunset", "Link"}.isdisjoint(second.headers)


def test_a_refusal_of_the_first_says_it_too(back_end: Client) -> None:
    refused = back_end.get("/v1/partner/events?limit=0")
    assert (refused.status_code, refused.headers["Sunset"]) == (400, "Tue, 01 Jun 2027 00:00:00 GMT")


def test_whose_plan_allows_the_first_may_move_over(back_end: Client, aviare: Partner) -> None:
    def narrowed_to(allowed: str) -> list[int]:
        UsagePlan.objects.filter(pk=aviare.plan.pk).update(allowed_operations=allowed)
        return [back_end.get(f"/v1/partner/events{version}").status_code for version in ("", "/v2")]

    assert narrowed_to("list_events") == [200, 200]
    assert narrowed_to("list_events_v2") == [403, 200]
    assert narrowed_to("get_usage") == [403, 403]


def test_the_plan_is_told_with_what_it_allows(back_end: Client, aviare: Partner) -> None:
    UsagePlan.objects.filter(pk=aviare.plan.pk).update(allowed_operations="list_events get_usage")
    told = back_end.get("/v1/partner/usage").json()["plan"]["operations"]
    assert told == ["list_events", "list_events_v2", "get_usage"]
