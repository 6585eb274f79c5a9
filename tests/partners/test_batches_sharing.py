"""A long batch leaves the workers to others in between, and a cancellation meets lines that are just running."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Lock
from typing import Any

import pytest

from bookings.passenger.models import Passenger
from movmo.accounts.models import User
from movmo.operations import nudge
from movmo.operations.context import Caller
from movmo.operations.models import Event as Told
from partners.batch import claiming, registered, running
from partners.batch.models import BatchLine
from partners.partner.models import Partner
from tests.conftest import StoppedClock
from tests.operations.together import together
from tests.partners.batching import by_real_key, leave, line, passenger, results, row, token_of, work
from tests.partners.hooks import ask

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30
MANY = 40


@pytest.fixture
def by_aviare(aviare: Partner) -> Caller:
    return by_real_key(aviare)


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> deque[str]:
    """The queue of the workers, with what was said and nobody has heard yet."""
    said: deque[str] = deque()
    monkeypatch.setattr(nudge, "say", said.append)
    return said


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Each line takes so many seconds."""
    run = registered.run

    def take(seconds: float) -> None:
        def slow(*told: Any) -> Any:
            time.sleep(seconds)
            return run(*told)

        monkeypatch.setattr(registered, "run", slow)

    return take


def test_a_worker_goes_to_the_back_of_the_queue(
    by_aviare: Caller, words: deque[str], slowly: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker for everything: a webhook that waits meanwhile is delivered between two shifts of a batch."""
    monkeypatch.setattr(running, "SHIFT", 0.2)
    batch_id = leave(by_aviare, *[line("get_usage")] * 12)
    slowly(0.1)
    words.clear()
    words.extend([running.QUEUE, "webhooks"])
    heard = []
    while words:
        heard.append(words.popleft())
        if heard[-1] == running.QUEUE:
            work()
    assert heard[:3] == [running.QUEUE, "webhooks", running.QUEUE]
    assert len(heard) > 4
    assert (row(batch_id).state, row(batch_id).done) == ("completed", 12)


def test_what_a_shift_does_not_begin_is_given_back_unbegun(
    by_aviare: Caller, slowly: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SHIFT", 0.2)
    batch_id = leave(by_aviare, *[line("get_usage")] * 40)
    slowly(0.1)
    work()
    assert 0 < row(batch_id).done < 20
    assert set(BatchLine.objects.filter(state="waiting").values_list("claims", "lease_until")) == {(0, None)}


def test_a_shift_is_short() -> None:
    """Others wait for as long at the most, and for one line."""
    assert running.SHIFT <= 3


class TestAsManyAsMay:
    @pytest.fixture(autouse=True)
    def two(self, settings: Any) -> None:
        settings.MOVMO_BATCH_WORKERS = 2

    def test_one_more_goes_without_a_word(
        self, by_aviare: Caller, kestrel: Partner, clock: StoppedClock, words: deque[str]
    ) -> None:
        """Also where the two are at batches of others."""
        first, second = (
            row(leave(by_aviare, *[line("get_usage")] * 3)),
            row(leave(by_real_key(kestrel), line("get_usage"))),
        )
        words.clear()
        claiming.claim(first, now=clock.now, most=1)
        taken = claiming.claim(second, now=clock.now)
        work()
        assert (row(first.pk).done, list(words)) == (0, [])
        running.take_turn(second, taken)
        work()
        assert row(first.pk).done == 2

    def test_the_dead_are_not_counted_for_long(self, by_aviare: Caller, kestrel: Partner, clock: StoppedClock) -> None:
        first, second = (
            row(leave(by_aviare, *[line("get_usage")] * 3)),
            row(leave(by_real_key(kestrel), line("get_usage"))),
        )
        for batch in (first, second):
            claiming.claim(batch, now=clock.now, most=1)
        clock.forward(seconds=claiming.LONGEST_TURN.total_seconds())
        work()
        assert row(first.pk).done == 2

    def test_a_line_that_was_put_off_is_nobodys(self, by_aviare: Caller, clock: StoppedClock) -> None:
        batch = row(leave(by_aviare, *[line("get_usage")] * 9))
        for seconds, one in enumerate(claiming.claim(batch, now=clock.now, most=3), start=1):
            claiming.put_off(one, until=clock.now.replace(second=seconds))
        work()
        assert row(batch.pk).done == 6

    def test_six_workers_are_two_at_batches(
        self, by_aviare: Caller, monkeypatch: pytest.MonkeyPatch, slowly: Callable[[float], None]
    ) -> None:
        monkeypatch.setattr(running, "SHIFT", 0.5)
        batch_id = leave(by_aviare, *[line("get_usage")] * 400)
        slowly(0.05)
        at_once = _counted(monkeypatch)
        together(*[_begun_after(0.15 * number, work) for number in range(6)])
        # Of two that look at the same moment both may begin: one too many, which ends after its turn.
        crowded = [lines for lines in at_once if lines > 2]
        assert max(at_once) >= 2
        assert len(crowded) < len(at_once) / 2
        assert 0 < row(batch_id).done < 400


def _begun_after(seconds: float, call: Callable[[], None]) -> Callable[[], None]:
    def later() -> None:
        time.sleep(seconds)
        call()

    return later


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lines ran at once, whenever one began."""
    run, lock, at_once, running_now = registered.run, Lock(), [0], [0]

    def counting(*told: Any) -> Any:
        with lock:
            running_now[0] += 1
            at_once.append(running_now[0])
        try:
            return run(*told)
        finally:
            with lock:
                running_now[0] -= 1

    monkeypatch.setattr(registered, "run", counting)
    return at_once


@pytest.fixture
def token(ana: User) -> str:
    return token_of(ana)


@pytest.mark.parametrize("after", [1, 9, 20])
def test_a_line_that_runs_while_its_batch_is_cancelled_has_its_result(
    by_aviare: Caller, token: str, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Three workers are in the middle of it: each line is done, and told so, or skipped, and never ran."""
    monkeypatch.setattr(claiming, "claim", partial(claiming.claim, most=5))
    batch_id = leave(by_aviare, *[passenger(token) for _ in range(MANY)])
    run, lock, ran, is_time, is_over = registered.run, Lock(), [0], Event(), Event()

    def until_the_cancellation(*told: Any) -> Any:
        answer = run(*told)
        with lock:
            ran[0] += 1
            if ran[0] == after:
                is_time.set()
        if is_time.is_set():
            is_over.wait(PATIENCE)  # it has run, and that is not written down yet
        return answer

    def cancel() -> None:
        assert is_time.wait(PATIENCE)
        ask(by_aviare, "cancel_batch", batch_id=str(batch_id))
        is_over.set()

    monkeypatch.setattr(registered, "run", until_the_cancellation)
    assert together(*[work] * 3, cancel) == [None] * 4
    batch, told = row(batch_id), list(_each(by_aviare, batch_id))
    assert batch.state == "cancelled"
    assert [one.line for one in told] == list(range(1, MANY + 1))
    done = [one for one in told if one.status == "done"]
    assert {one.status for one in told} <= {"done", "skipped"}
    assert (batch.done, batch.skipped) == (len(done), MANY - len(done))
    assert after <= len(done) < MANY
    made = {one.result["passenger_id"] for one in done if one.result}
    assert made == {str(one) for one in Passenger.objects.values_list("pk", flat=True)}
    assert len(made) == len(done)
    assert all(one.result is None for one in told if one.status == "skipped")
    assert Told.objects.filter(type="batch.completed.v1").count() == 1


def _each(caller: Caller, batch_id: Any) -> Iterator[Any]:
    for state in ("done", "skipped", "refused", "waiting"):
        assert len(results(caller, batch_id, status=state, limit=100)) < 100
    return iter(results(caller, batch_id, limit=100))
