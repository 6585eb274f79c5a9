"""Who listens is told of every change, once, wherever it was made and whatever became of the word about it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from pydantic import BaseModel
from redis import Redis

from movmo.kit import clock
from movmo.operations import bulletin, events
from movmo.operations.bulletin import Word
from movmo.operations.carriers import OnRedis
from movmo.operations.events import EventType, Subject
from movmo.operations.models import Event
from tests.carrying import carrying
from tests.operations.happening import Elsewhere, elsewhere
from tests.redis_server import URL, needs_redis

SOMETHING = "0198c0de-0000-7000-8000-00000000a0aa"
pytestmark = pytest.mark.django_db(transaction=True)

SOON = 10.0
QUIET = 0.3
ON_REDIS = pytest.param("redis", marks=needs_redis)


class Ears:
    """Keeps what it is told, from whatever thread."""

    def __init__(self) -> None:
        self._told: SimpleQueue[UUID] = SimpleQueue()

    def __call__(self, subject_id: UUID) -> None:
        self._told.put(subject_id)

    def hear(self) -> UUID:
        return self._told.get(timeout=SOON)

    def hear_nothing(self) -> bool:
        try:
            self._told.get(timeout=QUIET)
        except Empty:
            return True
        return False


class Note(BaseModel):
    pass


@pytest.fixture
def noted() -> Iterator[EventType]:
    yield events.declare(EventType("subject.noted.v1", "Something was noted.", Note))
    events._types.pop("subject.noted.v1")


@pytest.fixture(params=["database", ON_REDIS])
def carrier(request: pytest.FixtureRequest, settings: Any) -> Iterator[str]:
    """The address of the Redis that carries, or nothing: the database's own means."""
    settings.MOVMO_REDIS_URL = URL if request.param == "redis" else ""
    yield from carried(settings)


def carried(settings: Any) -> Iterator[str]:
    with carrying():
        yield settings.MOVMO_REDIS_URL


@pytest.fixture
def another(carrier: str) -> Iterator[Elsewhere]:
    with elsewhere(MOVMO_REDIS_URL=carrier) as process:
        yield process


@pytest.fixture
def slow_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than any test waits: what is heard came by the carrier."""
    monkeypatch.setattr(bulletin, "SWEEP_SECONDS", 10 * SOON)


def happen(noted: EventType, subject_id: UUID, *, after: int = 0, times: int = 1) -> None:
    with transaction.atomic():
        write(noted, subject_id, after=after, times=times)


def write(noted: EventType, subject_id: UUID, *, after: int = 0, times: int = 1) -> None:
    subject = Subject(subject_id, partner_id=None, user_id=None, is_live=False)
    events.write(subject, [(noted, Note())] * times, after=after, at=clock.now())


def test_a_change_in_another_process_is_heard(another: Elsewhere, slow_sweep: None) -> None:
    booking, ears = uuid4(), Ears()
    leave = bulletin.listen([booking], ears)
    for after in range(5):
        another.happen(booking, after=after)
        assert ears.hear() == booking
    leave()


def test_a_change_in_this_process_is_heard(carrier: str, slow_sweep: None, noted: EventType) -> None:
    booking, ears = uuid4(), Ears()
    leave = bulletin.listen([booking], ears)
    for after in range(3):
        happen(noted, booking, after=after)
        assert ears.hear() == booking
    leave()


def test_what_is_rolled_back_is_not_heard(carrier: str, noted: EventType) -> None:
    booking, ears = uuid4(), Ears()
    leave = bulletin.listen([booking], ears)
    with transaction.atomic():
        write(noted, booking)
        transaction.set_rollback(True)
    assert ears.hear_nothing()
    leave()


def test_changes_of_others_and_of_before_are_not_heard(another: Elsewhere) -> None:
    mine, other, ears = uuid4(), uuid4(), Ears()
    another.happen(mine, after=0)
    leave = bulletin.listen([mine], ears)
    another.happen(other, after=0)
    assert ears.hear_nothing()
    another.happen(mine, after=1)
    assert ears.hear() == mine
    assert ears.hear_nothing()
    leave()


def test_each_listener_hears_for_itself_until_it_leaves(carrier: str, slow_sweep: None, noted: EventType) -> None:
    first, second = Ears(), Ears()
    booking, both = uuid4(), uuid4()
    leave_first = bulletin.listen([booking, both], first)
    leave_second = bulletin.listen([both], second)
    happen(noted, both)
    assert (first.hear(), second.hear()) == (both, both)
    leave_first()
    happen(noted, both, after=1)
    assert second.hear() == both
    assert first.hear_nothing()
    leave_second()


def test_who_listens_after_everybody_left_is_told(carrier: str, slow_sweep: None, noted: EventType) -> None:
    booking = uuid4()
    for after in range(3):
        ears = Ears()
        leave = bulletin.listen([booking], ears)
        happen(noted, booking, after=after)
        assert ears.hear() == booking
        leave()


@pytest.mark.parametrize("carrier", ["redis"], indirect=True)
@needs_redis
def test_what_redis_lost_is_found(carrier: str, noted: EventType) -> None:
    """All its connections are cut; the word that goes out meanwhile reaches nobody."""
    booking, ears = uuid4(), Ears()
    leave = bulletin.listen([booking], ears)
    happen(noted, booking)
    assert ears.hear() == booking
    with Redis.from_url(carrier) as redis:
        redis.client_kill_filter(_type="pubsub", skipme=True)
    happen(noted, booking, after=1)
    assert ears.hear() == booking
    happen(noted, booking, after=2)
    assert ears.hear() == booking
    leave()


def test_a_redis_that_is_away_costs_no_change_and_little_time(settings: Any, noted: EventType) -> None:
    settings.MOVMO_REDIS_URL = "redis://127.0.0.1:1/0"
    for _ in carried(settings):
        booking, ears = uuid4(), Ears()
        leave = bulletin.listen([booking], ears)
        happen(noted, booking)
        assert ears.hear() == booking
        leave()


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's backends can be ended one by one")
@pytest.mark.parametrize("carrier", ["database"], indirect=True)
def test_a_listening_connection_that_was_cut_is_replaced(carrier: str, noted: EventType) -> None:
    booking, ears = uuid4(), Ears()
    leave = bulletin.listen([booking], ears)
    happen(noted, booking)
    assert ears.hear() == booking
    assert cut_all_others() >= 2
    for after in (1, 2, 3):
        happen(noted, booking, after=after)
        assert ears.hear() == booking
    leave()


def cut_all_others() -> int:
    """The one that listens, the one that speaks, and the one that sweeps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        cut: int = cursor.fetchone()[0]
    return cut


def test_without_a_carrier_the_sweep_finds_it(noted: EventType) -> None:
    booking, ears = uuid4(), Ears()
    leave = bulletin.listen([booking], ears)
    happen(noted, booking)
    assert ears.hear() == booking
    assert ears.hear_nothing()
    leave()


def test_a_change_that_commits_while_somebody_arrives_is_heard_or_seen(carrier: str, noted: EventType) -> None:
    """Whoever listens and then reads misses nothing: a change is in what they read, or they are told of it."""
    booking, ears = uuid4(), Ears()

    def change() -> None:
        for after in range(40):
            happen(noted, booking, after=after)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change)
        leave = bulletin.listen([booking], ears)
        known = newest(booking)
        while known < 40:
            assert ears.hear() == booking
            known = newest(booking)
        changing.result(SOON)
    leave()


def newest(subject_id: UUID) -> int:
    return Event.objects.filter(subject_id=subject_id).count()


@pytest.mark.parametrize("text", ["", "hello", SOMETHING, f"{SOMETHING}:", f"{SOMETHING}:x", ":3", "{}", "x" * 10_000])
def test_a_strange_word_on_the_channel_is_passed_over(text: str) -> None:
    assert Word.read(text) is None


def test_words_are_read_as_they_are_written() -> None:
    word = Word(uuid4(), 12)
    assert Word.read(str(word)) == word


@needs_redis
def test_a_stranger_on_the_channel_disturbs_nobody(settings: Any, noted: EventType, slow_sweep: None) -> None:
    settings.MOVMO_REDIS_URL = URL
    for _ in carried(settings):
        booking, ears = uuid4(), Ears()
        leave = bulletin.listen([booking], ears)
        OnRedis(URL).send("hello: world")
        happen(noted, booking)
        assert ears.hear() == booking
        leave()
