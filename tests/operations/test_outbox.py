"""Work that follows a change is done by one worker at a time, again if that one dies, and never by none."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from threading import Lock

import pytest
from django.db import IntegrityError, transaction

from movmo.kit import clock as process_clock
from movmo.operations import outbox
from movmo.operations.models import Outbox
from tests.conftest import StoppedClock
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)

READY, DONE, GIVEN_UP = Outbox.State.READY, Outbox.State.DONE, Outbox.State.GIVEN_UP
MANY = 4_000


class PowerCut(BaseException):
    """The worker dies here: nothing of ours may catch it."""


class Postman:
    """Does the work of a topic and keeps count; some rows it cannot do."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.batches: list[int] = []
        self.cannot: set[str] = set()
        self.afterwards: Callable[[], object] = lambda: None
        self._lock = Lock()

    def __call__(self, rows: Sequence[Outbox]) -> None:
        names = [row.dedup for row in rows]
        if self.cannot & set(names):
            raise RuntimeError("no such street")
        with self._lock:
            self.done.update(names)
            self.batches.append(len(names))
        self.afterwards()


@pytest.fixture
def postman() -> Iterator[Postman]:
    kept = dict(outbox._handlers), set(outbox._singly)
    postman = Postman()
    outbox.register("parcel", postman)
    yield postman
    outbox._handlers, outbox._singly = kept


@pytest.fixture
def singly(postman: Postman) -> Postman:
    outbox.register("parcel", postman, singly=True)
    return postman


def order(*names: str, topic: str = "parcel") -> None:
    with transaction.atomic():
        outbox.put_all(topic, {name: {"parcel_id": name} for name in names}, at=process_clock.now())


def row(name: str) -> Outbox:
    return Outbox.objects.get(dedup=name)


def states() -> dict[str, int]:
    return dict(Counter(Outbox.objects.values_list("state", flat=True)))


def test_what_is_ordered_is_done_once(postman: Postman) -> None:
    order("a", "b")
    order("b", "c")
    assert outbox.drain() == 3
    assert outbox.drain() == 0
    assert postman.done == {"a": 1, "b": 1, "c": 1}
    assert states() == {DONE: 3}


def test_what_is_rolled_back_is_not_ordered(postman: Postman) -> None:
    with transaction.atomic():
        outbox.put("parcel", "a", at=process_clock.now(), parcel_id="a")
        transaction.set_rollback(True)
    assert outbox.drain() == 0


def test_what_is_due_later_waits(postman: Postman, clock: StoppedClock) -> None:
    outbox.put("parcel", "a", at=clock.now + timedelta(minutes=1), parcel_id="a")
    assert outbox.drain() == 0
    clock.forward(minutes=1)
    assert outbox.drain() == 1


def test_many_workers_at_once_claim_no_row_twice(postman: Postman) -> None:
    order(*(str(number) for number in range(MANY)))
    outcomes = together(*[_claim_all] * 4)
    claimed = [pk for outcome in outcomes if isinstance(outcome, list) for pk in outcome]
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert len(claimed) == len(set(claimed)) == MANY


def _claim_all() -> list[object]:
    """Small batches, so that the claimers meet often."""
    found: list[object] = []
    while rows := outbox.claim(limit=50, now=process_clock.now()):
        assert len(rows) <= 50
        found += [row.pk for row in rows]
    return found


def test_many_workers_at_once_do_everything_once(postman: Postman) -> None:
    order(*(str(number) for number in range(MANY)))
    outcomes = together(*[outbox.drain] * 4)
    assert sum(outcome for outcome in outcomes if isinstance(outcome, int)) == MANY
    assert len(postman.done) == postman.done.total() == MANY


def test_workers_share_what_leaves_us(singly: Postman) -> None:
    order(*(str(number) for number in range(200)))
    together(*[outbox.drain] * 4)
    assert len(singly.done) == singly.done.total() == 200
    assert set(singly.batches) == {1}


def test_what_leaves_us_never_takes_all_workers(singly: Postman, clock: StoppedClock) -> None:
    order(*(str(number) for number in range(100)))
    in_hand = [len(outbox.claim_few(now=clock.now)) for _ in range(4)]
    assert in_hand == [outbox.FEW, outbox.FEW, 0, 0]
    order("event", topic="telegram")
    assert [row.dedup for row in outbox.claim(limit=10, now=clock.now)] == ["event"]
    clock.forward(minutes=2)
    assert len(outbox.claim_few(now=clock.now)) == outbox.FEW


def test_a_worker_that_dies_before_its_mark_is_followed_by_another(postman: Postman, clock: StoppedClock) -> None:
    order("a")
    postman.afterwards = _dies
    with pytest.raises(PowerCut):
        outbox.drain()
    postman.afterwards = lambda: None
    assert outbox.drain() == 0
    clock.forward(seconds=59)
    assert outbox.drain() == 0
    clock.forward(seconds=2)
    assert outbox.drain() == 1
    assert postman.done == {"a": 2}
    assert row("a").state == DONE


def _dies() -> None:
    raise PowerCut


def test_a_worker_that_comes_too_late_settles_nothing(postman: Postman, clock: StoppedClock) -> None:
    """Its lease ran out while it worked; the row is somebody else's by then, whether it went well or not."""
    order("a", "b")

    def dawdle() -> None:
        postman.afterwards = lambda: None
        clock.forward(minutes=2)
        postman.cannot = {"a", "b"}
        outbox.drain()

    postman.afterwards = dawdle
    outbox.drain()
    assert (row("a").state, row("a").fence, row("a").attempts) == (READY, 2, 2)


def test_one_row_that_cannot_be_done_holds_nobody_up(postman: Postman, clock: StoppedClock) -> None:
    order(*(str(number) for number in range(100)))
    postman.cannot = {"66"}
    outbox.drain()
    assert states() == {DONE: 99, READY: 1}
    assert row("66").reason == "RuntimeError"
    postman.cannot = set()
    assert outbox.drain() == 0
    clock.forward(seconds=3)
    assert outbox.drain() == 1
    assert (row("66").state, row("66").reason) == (DONE, "")


def test_a_row_that_is_never_done_is_given_up_with_an_alarm(
    postman: Postman, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    order("a")
    postman.cannot = {"a"}
    pauses = []
    while row("a").state == READY:
        pauses.append((row("a").due_at - clock.now).total_seconds())
        clock.set(max(clock.now, row("a").due_at))
        outbox.drain()
    assert pauses[:12] == [0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]
    assert set(pauses[12:]) == {3600}
    assert 24 < sum(pauses) / 3600 < 26, "about a day"
    assert row("a").state == GIVEN_UP
    assert [line.levelname for line in caplog.records if "outbox.given_up" in line.getMessage()] == ["ERROR"]
    clock.forward(days=3)
    assert outbox.drain() == 0


def test_a_row_that_kills_its_workers_is_given_up(
    postman: Postman, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    order("a")
    postman.afterwards = _dies
    for _ in range(outbox.MOST_ATTEMPTS):
        with pytest.raises(PowerCut):
            outbox.drain()
        clock.forward(minutes=2)
    outbox.drain()
    assert (row("a").state, row("a").reason) == (GIVEN_UP, "worker lost")
    assert "outbox.given_up" in caplog.text


def test_a_topic_that_nobody_knows_is_an_alarm_and_waits(
    postman: Postman, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    order("a", topic="telegram")
    order("b")
    outbox.drain()
    assert "outbox.no_handler" in caplog.text
    assert (row("a").state, row("a").reason, row("b").state) == (READY, "no handler", DONE)
    outbox.register("telegram", postman)
    clock.forward(seconds=3)
    assert outbox.drain() == 1


def test_what_leaves_us_is_done_one_by_one_under_a_lease_of_its_own(singly: Postman, clock: StoppedClock) -> None:
    order(*"abc")

    def slowly() -> None:
        clock.forward(seconds=40)

    singly.afterwards = slowly
    outbox.drain()
    assert singly.done == {"a": 1, "b": 1, "c": 1}
    assert states() == {DONE: 3}


def test_a_row_that_was_taken_away_meanwhile_is_left_alone(singly: Postman, clock: StoppedClock) -> None:
    """A slow worker holds two; while it does the first, another finds both free and does them."""
    order("a", "b")

    def very_slowly() -> None:
        singly.afterwards = lambda: None
        clock.forward(minutes=2)
        outbox.drain()

    singly.afterwards = very_slowly
    outbox.drain()
    assert singly.done == {"a": 2, "b": 1}


def test_a_run_has_an_end(postman: Postman, monkeypatch: pytest.MonkeyPatch) -> None:
    order("a")
    monkeypatch.setattr(outbox, "LONGEST_RUN_SECONDS", 0.0)
    assert outbox.drain() == 0


def test_a_person_puts_a_row_back_once(postman: Postman, clock: StoppedClock) -> None:
    order("a", "b")
    Outbox.objects.filter(dedup="a").update(state=GIVEN_UP, attempts=12, reason="RuntimeError")
    given_up = row("a")
    assert outbox.put_back(given_up, now=clock.now)
    assert not outbox.put_back(given_up, now=clock.now)
    assert not outbox.put_back(row("b"), now=clock.now)
    assert row("a").attempts == 0
    assert outbox.drain() == 2
    assert states() == {DONE: 2}


def test_what_was_done_a_week_ago_is_deleted_and_nothing_else(
    postman: Postman, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 2)
    order(*"abcde")
    outbox.drain()
    order("waits", "lost")
    Outbox.objects.filter(dedup="lost").update(state=GIVEN_UP)
    clock.forward(days=6)
    order("young")
    assert outbox.tidy(now=clock.now) == 0
    clock.forward(days=2)
    assert outbox.tidy(now=clock.now) == 5
    assert set(Outbox.objects.values_list("dedup", flat=True)) == {"waits", "lost", "young"}


def test_a_state_that_does_not_exist_is_refused_by_the_database(postman: Postman) -> None:
    order("a")
    with pytest.raises(IntegrityError):
        Outbox.objects.filter(dedup="a").update(state="lost")
