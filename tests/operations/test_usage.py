"""The usage book: what is counted, that it is written once, and that nothing of it is lost on the way."""

import os
from collections.abc import Iterator
from datetime import date
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection
from django.test import RequestFactory

from movmo.kit.errors import DomainError
from movmo.operations import limits, usage
from movmo.operations.context import Context, Door, Plan
from movmo.operations.dispatch import dispatch
from movmo.operations.models import UsageCount
from movmo.operations.usage import Book, Count
from movmo.operations.usage_writer import WRITER, Writer
from tests.conftest import NOON, StoppedClock
from tests.live import live_server
from tests.operations import toys

pytestmark = pytest.mark.django_db

TODAY = NOON.date()
PLAN = Plan("toys", rate=1_000, burst=1_000)


@pytest.fixture
def partner(clock: StoppedClock) -> UUID:
    return uuid4()


@pytest.fixture
def book(clock: StoppedClock) -> Book:
    return Book()


def written(partner: UUID) -> dict[tuple[date, str], Count]:
    rows = UsageCount.objects.filter(partner_id=partner)
    return {(row.day, row.operation): Count(row.calls, row.refused) for row in rows}


def of(book: Book, partner: UUID) -> dict[str, Count]:
    return {line.operation: count for line, count in book.counts(partner, TODAY).items()}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """While it is set, the database takes nothing."""
    event = Event()

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if event.is_set() and "usage_count" in sql and sql.lstrip().startswith("INSERT"):
            raise DatabaseError("no")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield event


def test_calls_and_refusals_are_counted_by_operation_and_day(book: Book, partner: UUID, clock: StoppedClock) -> None:
    book.note(partner, "search", Count(calls=1))
    book.note(partner, "search", Count(calls=1))
    book.note(partner, "search", Count(refused=1))
    book.note(partner, "book", Count(calls=1))
    clock.forward(hours=12)
    book.note(partner, "search", Count(calls=1))
    book.flush()
    tomorrow = clock.now.date()
    assert written(partner) == {
        (TODAY, "search"): Count(2, 1),
        (TODAY, "book"): Count(1, 0),
        (tomorrow, "search"): Count(1, 0),
    }


def test_a_second_writing_adds(book: Book, partner: UUID) -> None:
    for _ in range(3):
        book.note(partner, "search", Count(calls=1, refused=2))
        book.flush()
    assert written(partner) == {(TODAY, "search"): Count(3, 6)}


def test_a_writing_is_one_statement(book: Book, partner: UUID, django_assert_num_queries: Any) -> None:
    for number in range(50):
        book.note(partner, f"operation_{number}", Count(calls=1))
    with django_assert_num_queries(3):  # the statement, between the savepoint's two: a test is a transaction already
        book.flush()
    with django_assert_num_queries(0):
        book.flush()


def test_more_lines_than_a_statement_takes_are_written_too(book: Book, partner: UUID) -> None:
    for number in range(usage.ROWS_AT_ONCE * 2 + 1):
        book.note(partner, f"operation_{number}", Count(calls=1))
    book.flush()
    assert len(written(partner)) == usage.ROWS_AT_ONCE * 2 + 1


def test_what_could_not_be_written_is_written_later_and_once(book: Book, partner: UUID, broken: Event) -> None:
    book.note(partner, "search", Count(calls=1))
    broken.set()
    with pytest.raises(DatabaseError):
        book.flush()
    book.note(partner, "search", Count(calls=1))
    broken.clear()
    book.flush()
    book.flush()
    assert written(partner) == {(TODAY, "search"): Count(2, 0)}


def test_reading_sees_what_is_written_and_what_is_not_yet(book: Book, partner: UUID) -> None:
    book.note(partner, "search", Count(calls=2))
    book.flush()
    book.note(partner, "search", Count(calls=1))
    book.note(partner, "book", Count(refused=1))
    book.note(uuid4(), "search", Count(calls=9))
    assert of(book, partner) == {"book": Count(0, 1), "search": Count(3, 0)}


def test_reading_is_held_to_its_days(book: Book, partner: UUID, clock: StoppedClock) -> None:
    for _ in range(3):
        book.note(partner, "search", Count(calls=1))
        book.flush()
        book.note(partner, "search", Count(calls=10))
        clock.forward(days=1)
    second = TODAY.replace(day=2)
    assert list(book.counts(partner, second, second).values()) == [Count(11, 0)]


def test_memory_is_bounded(partner: UUID) -> None:
    book = Book(most=2)
    for name in ("one", "two", "three", "one"):
        book.note(partner, name, Count(calls=1))
    assert of(book, partner) == {"one": Count(2, 0), "two": Count(1, 0)}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12, where there are threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_does_not_write_what_its_parent_will() -> None:
    partner = uuid4()
    usage.admitted(partner, "search")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(len(usage.BOOK._pending)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    with open(reading) as told, open(writing, "w"):  # noqa: PTH123  (pipes have no path)
        assert told.read(1) == "0"
    assert usage.calls_since(partner, date(2020, 1, 1)) == 1


def call(operation: Any, caller: Any) -> str:
    try:
        dispatch(operation, caller, {"title": "kite"}, "key-of-a-kite")
    except DomainError as refusal:
        return refusal.code
    return "done"


@pytest.fixture
def counted(shelf: None, clock: StoppedClock, partner: UUID) -> Any:
    def told() -> dict[str, Count]:
        return of(usage.BOOK, partner)

    return told


@pytest.mark.usefixtures("shelf")
class TestTheCallsThatCount:
    def test_a_call_that_was_let_through(self, partner: UUID, counted: Any) -> None:
        assert call(toys.FILE, toys.caller(partner_id=partner, plan=PLAN)) == "done"
        assert counted() == {"file": Count(1, 0)}

    def test_also_one_that_the_operation_refuses(self, partner: UUID, counted: Any) -> None:
        assert call(toys.REFUSE, toys.caller(partner_id=partner, plan=PLAN)) == "toy_paper_is_out"
        assert counted() == {"write_and_refuse": Count(1, 0)}

    def test_one_that_came_too_fast_is_a_refusal(self, partner: UUID, counted: Any) -> None:
        slow = toys.caller(partner_id=partner, plan=Plan("slow", rate=1, burst=1))
        assert [call(toys.FILE, slow) for _ in range(3)] == ["done", "rate_limited", "rate_limited"]
        assert counted() == {"file": Count(1, 2)}

    def test_one_after_the_month_is_used_up_is_a_refusal(self, partner: UUID, counted: Any) -> None:
        spent = toys.caller(partner_id=partner, plan=Plan("spent", 9, 9, month_quota=0))
        assert call(toys.FILE, spent) == "quota_exhausted"
        assert counted() == {"file": Count(0, 1)}

    def test_one_that_the_plan_does_not_allow_is_a_refusal(self, partner: UUID, counted: Any) -> None:
        narrow = toys.caller(partner_id=partner, plan=Plan("narrow", 9, 9, operations=frozenset({"read"})))
        assert call(toys.FILE, narrow) == "operation_not_in_plan"
        assert counted() == {"file": Count(0, 1)}

    def test_one_that_lacks_a_scope_is_neither(self, partner: UUID, counted: Any) -> None:
        assert call(toys.FILE, toys.caller(partner_id=partner, plan=PLAN, scopes=frozenset())) == "insufficient_scope"
        assert counted() == {}

    def test_nor_is_one_that_came_too_fast_without_a_key(self, settings: Any, counted: Any) -> None:
        settings.MOVMO_USER_RATE = settings.MOVMO_USER_BURST = 1
        agent = toys.caller(Door.MCP)
        assert [call(toys.FILE, agent) for _ in range(2)] == ["done", "rate_limited"]
        assert counted() == {}

    def test_one_without_a_key_is_nobody_s(self, partner: UUID, counted: Any) -> None:
        assert call(toys.FILE, toys.caller(Door.MCP)) == "done"
        assert counted() == {}


def test_the_writer_writes_by_itself_and_at_its_end(transactional_db: None) -> None:
    partner, book = uuid4(), Book()
    writer = Writer(book)
    book.note(partner, "search", Count(calls=1))
    writer.start(0.01)
    writer.start(0.01)
    wait_until(lambda: UsageCount.objects.filter(partner_id=partner).exists())
    writer.stop()
    book.note(partner, "search", Count(calls=1))
    writer.start(60)
    writer.stop()
    assert [count.calls for count in UsageCount.objects.filter(partner_id=partner)] == [2]


def test_a_server_has_written_the_book_when_it_has_ended(transactional_db: None, settings: Any) -> None:
    from movmo.asgi import application

    settings.MOVMO_USAGE_SECONDS = 3600
    partner = uuid4()
    with live_server(application):
        usage.admitted(partner, "search")
        assert not UsageCount.objects.filter(partner_id=partner).exists()
    assert UsageCount.objects.get(partner_id=partner).calls == 1


def test_rest_served_alone_writes_the_book_too(transactional_db: None, settings: Any) -> None:
    from movmo.wsgi import application

    settings.MOVMO_USAGE_SECONDS = 3600
    partner = uuid4()
    usage.admitted(partner, "search")
    application(RequestFactory().get("/v1/nowhere").environ, lambda *_: None)
    WRITER.stop()
    assert UsageCount.objects.get(partner_id=partner).calls == 1


def test_a_writer_that_is_told_no_time_does_not_start() -> None:
    book = Book()
    book.note(uuid4(), "search", Count(calls=1))
    writer = Writer(book)
    writer.start(0)
    writer.stop()
    assert len(book._pending) == 1


def test_the_writer_goes_on_after_a_failure(transactional_db: None, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Book):
        failed = Event()

        def flush(self) -> None:
            if not self.failed.is_set():
                self.failed.set()
                raise DatabaseError("no")
            super().flush()

    partner, book = uuid4(), Failing()
    book.note(partner, "search", Count(calls=1))
    writer = Writer(book)
    writer.start(0.01)
    wait_until(lambda: UsageCount.objects.filter(partner_id=partner).exists())
    writer.stop()
    assert [record.msg["event"] for record in caplog.records if isinstance(record.msg, dict)] == ["usage.not_written"]


def test_a_count_says_what_it_counts() -> None:
    assert str(UsageCount(operation="search", day=TODAY, calls=3)) == "search on 2027-03-01: 3"


def test_a_call_without_a_key_has_no_partner() -> None:
    ctx = Context(caller=toys.caller(Door.MCP), now=NOON, clock=lambda: NOON)
    with pytest.raises(RuntimeError, match="without one"):
        _ = ctx.partner_id


def test_two_processes_worth_of_books_write_the_same_lines_at_once(transactional_db: None) -> None:
    partner, books = uuid4(), [Book() for _ in range(4)]

    def write(book: Book) -> None:
        try:
            for _ in range(5):
                for name in ("one", "two", "three"):
                    book.note(partner, name, Count(calls=1))
                book.flush()
        finally:
            connection.close()

    threads = [Thread(target=write, args=(book,)) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = UsageCount.objects.filter(partner_id=partner)
    assert sorted((row.operation, row.calls) for row in rows) == [("one", 20), ("three", 20), ("two", 20)]


def wait_until(happened: Any) -> None:
    pause = Event()
    for _ in range(1_000):
        if happened():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen in ten seconds")


def test_the_limits_of_the_door_are_told_with_the_answer(shelf: None, clock: StoppedClock) -> None:
    answer = dispatch(toys.FILE, toys.caller(plan=Plan("wide", 10, 20)), {"title": "kite"}, "key-of-a-kite")
    assert answer.limits is not None
    assert [one.name for one in answer.limits.standings] == [limits.KEY, limits.TRAVELER]
