"""A partner's feed: every booking's last state, in order, nothing skipped and nothing twice, while others write."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event, Semaphore
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from bookings.booking.feed import services
from bookings.booking.feed.schemas import FedBooking, FeedPage
from bookings.booking.models import SHOWN_IN_FEED, Booking
from bookings.cancellation.schemas import CancellationQuoteView
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Caller, Door
from movmo.operations.dispatch import Contended
from partners.partner.models import Partner
from tests.conftest import NOON
from tests.contract.world import World, cancellation_of, view_of
from tests.operations.together import together, wait_for_locks, while_another_holds
from tests.partners.hooks import ask

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, ROUNDS, ROUNDS_A_READING, BOOKINGS = 4, 25, 5, 8
PATIENCE = 30


def read(caller: Caller, **asked: Any) -> FeedPage:
    page = ask(caller, "list_partner_bookings", **asked)
    assert isinstance(page, FeedPage)
    return page


def read_all(caller: Caller, cursor: str | None = None, **asked: Any) -> Iterator[FedBooking | str]:
    """Every booking behind the cursor, and the cursor to go on with as the last."""
    while True:
        page = read(caller, **asked, **({"cursor": cursor} if cursor else {}))
        yield from page.data
        cursor = page.next_cursor
        if not page.has_more:
            break
    yield cursor


def copies(of: UUID, many: int) -> list[UUID]:
    """As many bookings more, like this one."""
    made = []
    for _ in range(many):
        booking = Booking.objects.get(pk=of)
        booking.pk = booking.id = uuid4()
        booking.feed_place = None
        booking.save(force_insert=True)
        made.append(booking.pk)
    return made


def change(booking_id: UUID, *, at: datetime = NOON) -> None:
    """Something that the feed shows: the total counts the changes."""
    Booking.objects.filter(pk=booking_id).update(total_minor=F("total_minor") + 1, updated_at=at)


@pytest.fixture
def booked(world: World) -> UUID:
    return world.booking().booking_id


def test_a_booking_is_told_as_it_is_and_again_when_it_has_changed(
    world: World, booked: UUID, aviare_alone: Caller
) -> None:
    first = read(aviare_alone)
    assert [(one.booking_id, one.status) for one in first.data] == [(booked, "ticketed")]
    assert read(aviare_alone, cursor=first.next_cursor).data == []
    quote = view_of(CancellationQuoteView, world.call("quote_cancellation", booking_id=str(booked)))
    world.call("cancel_booking", **cancellation_of(quote))
    second = read(aviare_alone, cursor=first.next_cursor)
    (told,) = second.data
    assert (told.booking_id, told.status) == (booked, "cancelled")
    assert told.cancellation is not None
    assert told.cancellation.cancelled_by == "traveler"
    assert read(aviare_alone, cursor=second.next_cursor).next_cursor == second.next_cursor


def test_it_goes_by_pages(booked: UUID, aviare_alone: Caller) -> None:
    made = {booked, *copies(booked, 5)}
    *told, cursor = read_all(aviare_alone, limit=4)
    assert [one.booking_id for one in told if isinstance(one, FedBooking)] == sorted(
        made, key=lambda one: (Booking.objects.get(pk=one).updated_at, one.bytes)
    )
    assert list(read_all(aviare_alone, str(cursor))) == [cursor]


def test_only_what_the_feed_shows_moves_a_booking(booked: UUID, aviare_alone: Caller) -> None:
    cursor = read(aviare_alone).next_cursor
    Booking.objects.filter(pk=booked).update(lease_until=NOON, watch_at=NOON, unanswered=3)
    assert read(aviare_alone, cursor=cursor).data == []
    for shown in SHOWN_IN_FEED:
        Booking.objects.filter(pk=booked).update(**{shown: F(shown)})
        page = read(aviare_alone, cursor=cursor)
        assert len(page.data) == 1, shown
        cursor = page.next_cursor


def test_what_it_shows_is_what_moves_it(booked: UUID, aviare_alone: Caller) -> None:
    """A column that were shown and not listed would have to be read by itself."""
    read(aviare_alone)
    with CaptureQueriesContext(connection) as asked:
        read(aviare_alone)
    assert len([one for one in asked if "booking" in one["sql"]]) == 2  # whether anything changed, and the page


def test_a_reader_begins_at_a_time(booked: UUID, aviare_alone: Caller) -> None:
    (late,) = copies(booked, 1)
    at = Booking.objects.get(pk=late).updated_at + timedelta(hours=1)
    change(late, at=at)
    page = read(aviare_alone, updated_since=at.isoformat())
    assert [one.booking_id for one in page.data] == [late]
    assert Booking.objects.get(pk=booked).feed_place is None  # nobody asked for it yet
    assert {one.booking_id for one in read(aviare_alone).data} == {booked, late}


def test_others_see_nothing_of_it(booked: UUID, aviare: Partner, aviare_alone: Caller, kestrel_alone: Caller) -> None:
    cursor = read(aviare_alone).next_cursor
    live = Caller(door=Door.REST, partner_id=aviare.pk, api_key_id=uuid4(), is_live_key=True)
    assert read(kestrel_alone).data == read(live).data == []
    for stranger in (kestrel_alone, live):
        with pytest.raises(CursorInvalid):
            read(stranger, cursor=cursor)
    with pytest.raises(CursorInvalid):
        read(aviare_alone, cursor=ask(aviare_alone, "list_events_v2").next_cursor)


def test_many_that_have_no_place_get_theirs_in_parts(
    booked: UUID, aviare_alone: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {booked, *copies(booked, 10)}
    monkeypatch.setattr(services, "AT_ONCE", 3)
    *told, _ = read_all(aviare_alone, limit=100)
    assert [one.booking_id for one in told if isinstance(one, FedBooking)] == sorted(
        made, key=lambda one: (Booking.objects.get(pk=one).updated_at, one.bytes)
    )


def test_a_booking_that_changes_between_two_pages_comes_once_more_and_not_before(
    booked: UUID, aviare_alone: Caller
) -> None:
    copies(booked, 3)
    first = read(aviare_alone, limit=2)
    waiting = Booking.objects.order_by("-feed_place")[0].pk
    change(waiting)
    *rest, _ = read_all(aviare_alone, first.next_cursor, limit=2)
    told = [one.booking_id for one in rest if isinstance(one, FedBooking)]
    assert told.count(waiting) == 1
    assert told[-1] == waiting


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="postgresql: one write at a time on SQLite")
def test_a_change_that_commits_late_is_not_skipped(booked: UUID, aviare_alone: Caller) -> None:
    """It began first and says so in its time; another that began later has been read by then."""
    (other,) = copies(booked, 1)
    cursor = read(aviare_alone).next_cursor
    written, go_on = Event(), Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                change(booked, at=NOON)
                written.set()
                assert go_on.wait(PATIENCE)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        assert written.wait(PATIENCE)
        change(other, at=NOON + timedelta(minutes=1))
        first = read(aviare_alone, cursor=cursor)
        go_on.set()
        late.result(PATIENCE)
    assert [one.booking_id for one in first.data] == [other]
    assert [one.booking_id for one in read(aviare_alone, cursor=first.next_cursor).data] == [booked]


def write(bookings: list[UUID], number: int, readings: Semaphore) -> None:
    """Several bookings in one transaction, with a clock that is not the others'. Not faster than they are read."""
    for turn in range(ROUNDS):
        chosen = sorted({bookings[(number + turn * step) % len(bookings)] for step in (1, 3)}, key=str)
        with transaction.atomic():
            for one in chosen:
                change(one, at=NOON - timedelta(minutes=number) + timedelta(seconds=turn))
        if turn % ROUNDS_A_READING == 0:
            assert readings.acquire(timeout=PATIENCE)


def test_nothing_is_skipped_or_repeated_while_others_write(booked: UUID, aviare_alone: Caller) -> None:
    bookings = [booked, *copies(booked, BOOKINGS - 1)]
    seen: list[tuple[UUID, str]] = []
    readings = Semaphore(0)
    cursor: str | None = None

    def take() -> None:
        nonlocal cursor
        *told, last = read_all(aviare_alone, cursor, limit=3)
        seen.extend((one.booking_id, one.total.amount) for one in told if isinstance(one, FedBooking))
        cursor = str(last)

    def one_writer(number: int) -> None:
        try:
            write(bookings, number, readings)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(one_writer, number) for number in range(WRITERS)]
        while not all(one.done() for one in writing):
            take()
            readings.release(WRITERS)
        assert [one.result() for one in writing] == [None] * WRITERS
    take()
    assert len(seen) == len(set(seen)), "a state was told twice"
    for booking in Booking.objects.all():
        states = [float(total) for one, total in seen if one == booking.pk]
        assert states == sorted(states), "an older state came after a newer one"
        assert states[-1] == booking.total_minor / 100, "the last state was not told"
    assert len(seen) > len(bookings)


def test_two_readers_at_once_give_each_booking_one_place(booked: UUID, aviare_alone: Caller) -> None:
    copies(booked, 20)
    pages = together(*[lambda: read(aviare_alone, limit=100)] * 4)
    assert all(isinstance(page, FeedPage) for page in pages), pages
    places = list(Booking.objects.values_list("feed_place", flat=True))
    assert None not in places
    assert len(set(places)) == len(places) == 21


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "1969-07-20T20:17:40+02:00"])
def test_a_time_that_is_long_ago_is_the_beginning(booked: UUID, aviare_alone: Caller, since: str) -> None:
    assert [one.booking_id for one in read(aviare_alone, updated_since=since).data] == [booked]


@pytest.mark.parametrize("since", ["9999-12-31T23:59:59Z", "2500-01-01T00:00:00-11:00"])
def test_before_a_time_to_come_there_is_nothing_and_nothing_is_lost(
    booked: UUID, aviare_alone: Caller, since: str
) -> None:
    page = read(aviare_alone, updated_since=since)
    assert (page.data, page.has_more) == ([], False)
    assert [one.booking_id for one in read(aviare_alone, cursor=page.next_cursor).data] == [booked]


@pytest.mark.parametrize(
    "since",
    [
        "2027-03-01T12:00:00",  # of which zone?
        "2027-03-01",
        "0001-01-01T00:00:00+14:00",  # before the first day that there is
        "9999-12-31T23:59:59-12:00",  # and after the last
        "yesterday",
        "",
    ],
)
def test_a_time_that_is_none_is_refused(booked: UUID, aviare_alone: Caller, since: str) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        read(aviare_alone, updated_since=since)
    assert set(refusal.value.fields) == {"/updated_since"}


def test_a_cursor_that_was_changed_is_none(booked: UUID, aviare_alone: Caller) -> None:
    """Sealed: no place can be made up, wherever a character of it is another."""
    cursor = read(aviare_alone).next_cursor
    changed = [cursor[:at] + ("B" if cursor[at] == "A" else "A") + cursor[at + 1 :] for at in range(len(cursor))]
    for one in (*changed, cursor[:-4], f"{cursor}AAAA", "AAAA", "1", "é", " "):
        with pytest.raises((CursorInvalid, InvalidArguments)):
            read(aviare_alone, cursor=one)
    assert read(aviare_alone, cursor=cursor).next_cursor == cursor


def test_what_is_not_committed_is_not_told(booked: UUID, aviare_alone: Caller) -> None:
    """And holds nobody up who has nothing new to be told."""
    cursor = read(aviare_alone).next_cursor
    page = while_another_holds(lambda: change(booked), lambda: read(aviare_alone, cursor=cursor))
    assert page.data == []
    assert read(aviare_alone, cursor=cursor).data == []  # it was rolled back


def test_a_transaction_that_stays_open_costs_no_change(booked: UUID, aviare_alone: Caller) -> None:
    """On PostgreSQL it is passed over; on SQLite, where it keeps all others from writing, the reader comes again."""
    (other,) = copies(booked, 1)
    cursor = read(aviare_alone).next_cursor
    change(other)

    def meanwhile() -> list[UUID]:
        wait_for_locks(200)
        try:
            return [one.booking_id for one in read(aviare_alone, cursor=cursor).data]
        except Contended as refusal:
            assert refusal.retryable
            return []

    told = while_another_holds(lambda: change(booked), meanwhile)
    assert told == ([other] if connection.vendor == "postgresql" else [])
    assert [one.booking_id for one in read(aviare_alone, cursor=cursor).data] == [other]
