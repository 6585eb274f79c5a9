"""Each night providers are asked for the days that are over: what was missed is made up for, nothing comes twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bookings.providers import registry
from bookings.providers.errors import Unavailable
from bookings.providers.sandbox import adapter
from bookings.providers.sandbox.airline import Airline
from bookings.providers.sandbox.capabilities import CAPABILITIES
from bookings.providers.types import StatementLine
from bookings.reconciliation.alarm.tasks import raise_alarms
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import Discrepancy, Statement, Stream
from bookings.reconciliation.pull import owing
from bookings.reconciliation.pull.owing import LOOK_BACK_DAYS, MOST_DAYS, PATIENCE
from bookings.reconciliation.pull.refusals import StatementsUnsupported
from bookings.reconciliation.pull.services import pull, pull_due
from bookings.reconciliation.pull.tasks import pull_statements
from bookings.reconciliation.refusals import StatementTooLarge
from bookings.reconciliation.tasks import sweep_statements
from bookings.sandbox_airline.services import SandboxAirline
from movmo.celery import SCHEDULE, app
from movmo.kit import clock as time
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.trade import bought
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.idle_airline import IdleAirline
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)


def pulled() -> list[tuple[str, int]]:
    """(stream, days ago) of what was pulled."""
    today = time.now().date()
    found = Statement.objects.filter(source=Statement.Source.PULL)
    return sorted((one.stream, (today - one.period_start).days) for one in found)


EVERYTHING = sorted((stream.value, ago) for stream in Stream for ago in range(1, LOOK_BACK_DAYS + 1))


def test_days_on_which_nothing_happened_are_statements_of_their_own(clock: StoppedClock) -> None:
    pull_due(clock=time.now)
    assert pulled() == EVERYTHING
    pull_due(clock=time.now)
    assert pulled() == EVERYTHING


def test_a_night_that_was_missed_is_made_up_for(
    clock: StoppedClock, install_airline: Callable[[Airline], None]
) -> None:
    install_airline(IdleAirline())
    assert pull_due(clock=time.now) == []
    install_airline(SandboxAirline())
    clock.forward(days=1)
    pull_due(clock=time.now)
    assert pulled() == sorted([*EVERYTHING, *((stream.value, LOOK_BACK_DAYS + 1) for stream in Stream)])


class _Diary:
    """A provider that writes down for which days it is asked, and sells nothing. `out`: it does not answer then."""

    capabilities = replace(CAPABILITIES, provider="diary")

    def __init__(self) -> None:
        self.asked: list[date] = []
        self.out = False
        self.never: set[date] = set()
        self.lines: list[StatementLine] = []

    def statement(self, day: date) -> list[StatementLine]:
        if self.out or day in self.never:
            raise Unavailable("nobody answers")
        self.asked.append(day)
        return self.lines

    def list_orders(self, day: date, *, now: datetime) -> list[Any]:
        if self.out or day in self.never:
            raise Unavailable("nobody answers")
        return []


@pytest.fixture
def diary(monkeypatch: pytest.MonkeyPatch) -> _Diary:
    made = _Diary()
    monkeypatch.setattr(registry, "_providers", {"diary": made})
    return made


def night(clock: StoppedClock) -> None:
    pull_due(clock=time.now)
    clock.forward(days=1)


def days_from(first: date, number: int) -> list[date]:
    return [first + timedelta(days=ago) for ago in range(number)]


class TestAnOutage:
    """However long it was, every day of it is asked for later: the oldest first, each once, so many in one night."""

    def test_of_a_provider(self, diary: _Diary, clock: StoppedClock) -> None:
        first, nights = time.now().date() - timedelta(days=LOOK_BACK_DAYS), 20
        diary.out = True
        for _ in range(nights):
            night(clock)
        diary.out = False
        assert (diary.asked, Statement.objects.count()) == ([], 0)
        night(clock)
        assert len(diary.asked) == MOST_DAYS
        missed, all_days = LOOK_BACK_DAYS + nights, days_from(first, LOOK_BACK_DAYS + nights + 1)
        night(clock)
        assert sorted(diary.asked) == all_days == days_from(first, missed + 1)
        assert Statement.objects.count() == len(Stream) * len(all_days)
        night(clock)
        assert diary.asked[-1] == all_days[-1] + timedelta(days=1)
        assert len(diary.asked) == len(set(diary.asked)) == len(all_days) + 1

    def test_the_oldest_days_come_first(self, diary: _Diary, clock: StoppedClock) -> None:
        night(clock)
        before = list(diary.asked)
        diary.out = True
        for _ in range(2):
            night(clock)
        diary.out = False
        night(clock)
        assert diary.asked == [*before, *days_from(before[-1] + timedelta(days=1), 3)]

    def test_of_ours(self, diary: _Diary, clock: StoppedClock) -> None:
        """Nobody wrote the days down: they are those since the last that was."""
        night(clock)
        clock.forward(days=10)
        night(clock)
        assert diary.asked == days_from(diary.asked[0], LOOK_BACK_DAYS + 11)

    def test_a_day_that_is_never_told_keeps_no_other_waiting_for_long(self, diary: _Diary, clock: StoppedClock) -> None:
        never = time.now().date() - timedelta(days=2)
        diary.never = {never}
        for _ in range(PATIENCE + 1):
            night(clock)
        yesterday = time.now().date() - timedelta(days=2)  # when that night was
        assert set(diary.asked) == set(days_from(never - timedelta(days=1), (yesterday - never).days + 2)) - {never}
        diary.never = set()
        night(clock)
        assert never in diary.asked

    def test_days_that_were_locked_are_asked_for_once_they_are_not(self, diary: _Diary, clock: StoppedClock) -> None:
        day = time.now().date() - timedelta(days=2)
        made = books.lock(provider="diary", starts_on=day, ends_on=day)
        for _ in range(5):
            night(clock)
        assert day not in diary.asked
        PeriodLock.objects.filter(pk=made.pk).update(unlocked_at=time.now())
        night(clock)
        assert diary.asked[-2:][0] == day

    def test_a_worker_that_was_lost_over_a_day(self, diary: _Diary, clock: StoppedClock) -> None:
        day = time.now().date() - timedelta(days=1)
        assert owing.claim("diary", day, now=time.now()) is not None
        pull_due(clock=time.now)
        assert day not in diary.asked
        night(clock)
        pull_due(clock=time.now)
        assert day in diary.asked


def test_a_locked_day_is_not_pulled(clock: StoppedClock) -> None:
    day = time.now().date() - timedelta(days=1)
    books.lock(starts_on=day, ends_on=day)
    pull_due(clock=time.now)
    assert (Stream.SETTLEMENT.value, 1) not in pulled()
    assert (Stream.SETTLEMENT.value, 2) in pulled()


def test_days_after_a_locked_one_are_pulled(clock: StoppedClock) -> None:
    day = time.now().date() - timedelta(days=LOOK_BACK_DAYS)
    books.lock(starts_on=day, ends_on=day)
    pull_due(clock=time.now)
    assert pulled() == [(stream, ago) for stream, ago in EVERYTHING if ago < LOOK_BACK_DAYS]


class TestByTheClock:
    """As Celery's clock has it done: the pull at night, and the sweep that has what was pulled compared."""

    @pytest.fixture(autouse=True)
    def at_once(self) -> Iterator[None]:
        app.conf.task_always_eager = True
        yield
        app.conf.task_always_eager = False

    def test_all_of_it_is_in_the_schedule(self) -> None:
        tasks = {pull_statements.name, sweep_statements.name, raise_alarms.name}
        assert tasks <= {entry["task"] for entry in SCHEDULE.values()}

    def test_what_was_sold_is_pulled_and_compared(self, world: World, clock: StoppedClock) -> None:
        bought(world)
        off = bought(world, family_name="AMOUNTOFF")
        clock.forward(days=1)
        pull_statements.delay()
        sweep_statements.delay()
        assert pulled() == EVERYTHING
        assert {one.state for one in Statement.objects.all()} == {"reconciled"}
        one = Discrepancy.objects.get()
        assert (one.category, one.booking_id) == ("amount_mismatch", off.booking_id)

    def test_two_at_once_pull_each_day_once(self, clock: StoppedClock) -> None:
        together(pull_statements, pull_statements)
        assert pulled() == EVERYTHING


def test_who_tells_nothing_is_not_asked(clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "CAPABILITIES", replace(CAPABILITIES, statements=False))
    assert pull_due(clock=time.now) == []
    with pytest.raises(StatementsUnsupported):
        pull("sandbox", time.now().date(), clock=time.now)


class _Broken:
    """A provider whose statements are of no use."""

    capabilities = replace(CAPABILITIES, provider="broken")

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def statement(self, day: date) -> Any:
        raise self.failure

    list_orders = statement


@pytest.mark.parametrize(
    "failure", [StatementTooLarge(bytes=2, limit=1), ZeroDivisionError()], ids=["refused", "a fault of ours"]
)
def test_what_is_of_no_use_of_one_provider_keeps_no_other_waiting(
    clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setitem(registry._providers, "broken", _Broken(failure))
    with capture_logs() as told:
        pull_due(clock=time.now)
    assert pulled() == EVERYTHING
    days = {one["day"] for one in told if one["event"] == "reconciliation.not_pulled" and one["exc_info"]}
    assert len(days) == LOOK_BACK_DAYS
