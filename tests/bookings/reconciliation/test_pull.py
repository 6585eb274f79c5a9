"""Each night providers are asked for the days that are over: what was missed is made up for, nothing comes twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from structlog.testing import capture_logs

from bookings.providers import registry
from bookings.providers.errors import Unavailable
from bookings.providers.sandbox import adapter
from bookings.providers.sandbox.airline import Airline
from bookings.providers.sandbox.capabilities import CAPABILITIES
from bookings.providers.types import StatementKind, StatementLine
from bookings.reconciliation.alarm.tasks import raise_alarms
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import Discrepancy, Statement, Stream
from bookings.reconciliation.pull import owing
from bookings.reconciliation.pull.models import PulledDay
from bookings.reconciliation.pull.owing import LOOK_BACK_DAYS, MOST_DAYS, PATIENCE
from bookings.reconciliation.pull.refusals import PullUnderWay, StatementsUnsupported
from bookings.reconciliation.pull.services import pull, pull_owed
from bookings.reconciliation.pull.tasks import pull_provider, pull_statements
from bookings.reconciliation.refusals import StatementTooLarge
from bookings.reconciliation.tasks import sweep_statements
from bookings.sandbox_airline.services import SandboxAirline
from movmo.celery import SCHEDULE, app
from movmo.kit import clock as time
from movmo.kit.money import Money
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.trade import bought, pull_due
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


class TestWhatIsSaidOfADay:
    """Staff see why it is not here."""

    def of_yesterday(self, provider: str) -> PulledDay:
        return PulledDay.objects.get(provider=provider, day=time.now().date() - timedelta(days=1))

    @pytest.mark.parametrize(
        ("failure", "told"),
        [
            (Unavailable("no answer\n\0 within 20 seconds"), "Unavailable: no answer within 20 seconds"),
            (Unavailable("x" * 999), f"Unavailable: {'x' * 186}…"),
            (StatementTooLarge(bytes=2, limit=1), StatementTooLarge(bytes=2, limit=1).text),
            (ZeroDivisionError("token=secret"), "A fault of Movmo, which its log tells: ZeroDivisionError."),
        ],
        ids=["unanswered", "at length", "refused", "a fault of ours"],
    )
    def test_a_failure_is_kept(
        self, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch, failure: Exception, told: str
    ) -> None:
        monkeypatch.setitem(registry._providers, "broken", _Broken(failure))
        day = time.now().date() - timedelta(days=1)
        with pytest.raises(type(failure)):
            pull("broken", day, clock=time.now)
        row = self.of_yesterday("broken")
        assert (row.failures, row.problem, row.failed_at, row.done_at) == (1, told, time.now(), None)
        assert row.lease_until is None

    def test_once_it_is_here_nothing_is_said(self, diary: _Diary, clock: StoppedClock) -> None:
        day = time.now().date() - timedelta(days=1)
        diary.out = True
        with pytest.raises(Unavailable):
            pull("diary", day, clock=time.now)
        assert self.of_yesterday("diary").problem
        diary.out = False
        pull("diary", day, clock=time.now)
        row = self.of_yesterday("diary")
        assert (row.failures, row.problem, row.failed_at) == (0, "", None)
        assert row.done_at is not None


def _sold(day: date, minor: int) -> StatementLine:
    return StatementLine(
        line_id="one", kind=StatementKind.SALE, order_id="ord_1", record_locator="QWERTY", surname="ANDERSSON",
        document_number="0001112223334", amount=Money(minor, "EUR"), day=day,
    )  # fmt: skip


class TestWhoComesBackLate:
    """A provider took longer than the lease, or a worker was stopped: somebody else has asked meanwhile."""

    @pytest.fixture
    def day(self, clock: StoppedClock) -> date:
        return time.now().date() - timedelta(days=1)

    def test_writes_nothing(self, day: date, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
        class Slow(_Diary):
            def statement(self, day: date) -> list[StatementLine]:
                self.asked.append(day)
                if len(self.asked) > 1:
                    return [_sold(day, 10_000)]
                clock.forward(minutes=11)
                pull("diary", day, clock=time.now)
                return [_sold(day, 9_000)]

        monkeypatch.setitem(registry._providers, "diary", Slow())
        with pytest.raises(PullUnderWay):
            pull("diary", day, clock=time.now)
        assert sorted(Statement.objects.values_list("stream", flat=True)) == ["orders", "settlement"]
        row = PulledDay.objects.get(provider="diary", day=day)
        assert (row.done_at is not None, row.failures, row.lease_until) == (True, 0, None)

    def test_frees_nobody_elses_day(self, day: date, clock: StoppedClock) -> None:
        late = owing.claim("diary", day, now=time.now())
        clock.forward(minutes=11)
        assert late
        assert owing.claim("diary", day, now=time.now())
        owing.failed(late, "nobody answers", now=time.now())
        owing.done(late, now=time.now())
        assert owing.claim("diary", day, now=time.now()) is None
        row = PulledDay.objects.get(provider="diary", day=day)
        assert (row.done_at, row.failures, row.problem) == (None, 0, "")


class TestWhoHasNoTimeLeft:
    def test_stops_and_owes_what_is_left(self, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
        class Slow(_Diary):
            def statement(self, day: date) -> list[StatementLine]:
                self.asked.append(day)
                raise SoftTimeLimitExceeded

        slow = Slow()
        monkeypatch.setitem(registry._providers, "diary", slow)
        with capture_logs() as told:
            assert pull_owed("diary", clock=time.now) == []
        assert len(slow.asked) == 1
        assert [one["detail"] for one in told if one["event"] == "reconciliation.not_pulled"] == ["no time was left"]
        assert PulledDay.objects.filter(provider="diary", done_at=None).count() == LOOK_BACK_DAYS

    def test_keeps_no_other_provider_waiting(self, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(registry._providers, "diary", _Diary())
        sent: list[dict[str, str]] = []
        monkeypatch.setattr(pull_provider, "delay", lambda **told: sent.append(told))
        pull_statements()
        assert sorted(one["provider"] for one in sent) == ["diary", "sandbox"]
