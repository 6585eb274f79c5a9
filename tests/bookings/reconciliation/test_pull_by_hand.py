"""A clerk has days pulled now: once, whoever else presses, and only days that are over and not locked."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.providers import registry
from bookings.providers.errors import Unavailable
from bookings.providers.sandbox.capabilities import CAPABILITIES
from bookings.providers.types import ProviderOrder, StatementKind, StatementLine
from bookings.reconciliation import services
from bookings.reconciliation.models import Discrepancy, Statement, Stream
from bookings.reconciliation.pull.models import PulledDay
from bookings.reconciliation.pull.refusals import (
    PullDaysInvalid,
    PullUnanswered,
    PullUnderWay,
    StatementsUnsupported,
)
from bookings.reconciliation.pull.services import MOST_DAYS_BY_HAND, Pulled, pull_now
from bookings.reconciliation.refusals import PeriodLocked
from bookings.reconciliation.resolution.schemas import By
from movmo.accounts.models import User
from movmo.kit import clock as time
from movmo.kit.money import Money
from movmo.operations.models import AuditEvent
from tests.admin.finance import clerk, page
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.trade import pull_due
from tests.conftest import StoppedClock
from tests.operations.together import together

pytestmark = pytest.mark.django_db(transaction=True)

A_DAY = timedelta(days=1)


class Airline:
    """It has sold one ticket each day, for `minor`. `opens`: it answers then, and not before."""

    def __init__(self, **capable: Any) -> None:
        self.capabilities = replace(CAPABILITIES, **capable)
        self.asked: list[date] = []
        self.silent_about: set[date] = set()
        self.minor = 11_870
        self.opens: threading.Event | None = None

    def statement(self, day: date) -> Iterable[StatementLine]:
        self.asked.append(day)
        if self.opens is not None:
            assert self.opens.wait(20)
        if day in self.silent_about:
            raise Unavailable("nobody answers")
        return [
            StatementLine(
                line_id=f"line {day}", order_id=f"ord_{day}", client_reference="", record_locator="", surname="",
                document_number=f"999{day:%Y%m%d}01", kind=StatementKind.SALE, amount=Money(self.minor, "EUR"),
                day=day, departure_on=None,
            )
        ]  # fmt: skip

    def list_orders(self, day: date, *, now: datetime) -> list[ProviderOrder]:
        return []


@pytest.fixture
def airline(monkeypatch: pytest.MonkeyPatch) -> Airline:
    made = Airline()
    monkeypatch.setitem(registry._providers, "sandbox", made)
    return made


@pytest.fixture
def yesterday(clock: StoppedClock) -> date:
    return clock.now.astimezone(UTC).date() - A_DAY


def by_hand(first: date, last: date | None = None, **told: Any) -> Pulled:
    return pull_now("sandbox", first, last or first, by=By(), clock=time.now, **told)


def test_a_day_comes_in_and_is_compared(airline: Airline, yesterday: date) -> None:
    told = by_hand(yesterday)
    assert sorted(one.stream for one in told.new) == sorted(Stream)
    for one in told.new:
        assert services.advance(one.pk, clock=time.now).state == "reconciled"
    assert Discrepancy.objects.get().category == "missing_locally"


def test_several_days_the_first_one_first(airline: Airline, yesterday: date) -> None:
    by_hand(yesterday - 2 * A_DAY, yesterday)
    assert airline.asked == [yesterday - 2 * A_DAY, yesterday - A_DAY, yesterday]


def test_what_is_here_is_not_asked_for_again(airline: Airline, yesterday: date, clock: StoppedClock) -> None:
    pull_due(clock=time.now)
    asked = list(airline.asked)
    clock.forward(minutes=1)
    assert by_hand(yesterday) == Pulled(new=[], known=[])
    assert airline.asked == asked


def test_the_night_does_not_ask_again_for_what_came_by_hand(airline: Airline, yesterday: date) -> None:
    by_hand(yesterday)
    pull_due(clock=time.now)
    assert airline.asked.count(yesterday) == 1
    assert sorted(set(airline.asked)) == [yesterday - 2 * A_DAY, yesterday - A_DAY, yesterday]


def test_days_long_ago_are_not_where_the_night_begins(airline: Airline, yesterday: date) -> None:
    by_hand(yesterday - 100 * A_DAY)
    pull_due(clock=time.now)
    assert len(airline.asked) == 1 + 3


class TestAgain:
    def test_the_same_bytes_are_the_same_statement(
        self, airline: Airline, yesterday: date, clock: StoppedClock
    ) -> None:
        first = {one.pk for one in by_hand(yesterday).new}
        clock.forward(minutes=1)
        second = by_hand(yesterday, again=True)
        assert (second.new, {one.pk for one in second.known}) == ([], first)
        assert Statement.objects.count() == len(Stream)

    def test_what_it_tells_otherwise_by_now_is_a_statement_of_its_own(
        self, airline: Airline, yesterday: date, clock: StoppedClock
    ) -> None:
        by_hand(yesterday)
        clock.forward(minutes=1)
        airline.minor = 12_000
        told = by_hand(yesterday, again=True)
        assert [one.stream for one in told.new] == ["settlement"]
        assert Statement.objects.filter(period_start=yesterday).count() == 3

    def test_what_was_refused_is_read_anew_by_a_clerks_word_and_not_by_the_nights(
        self, airline: Airline, yesterday: date, clock: StoppedClock
    ) -> None:
        by_hand(yesterday)
        Statement.objects.update(state="refused", problem_code="declined", file="")
        clock.forward(minutes=1)
        pull_due(clock=time.now)
        assert set(Statement.objects.filter(period_start=yesterday).values_list("state", flat=True)) == {"refused"}
        clock.forward(minutes=1)
        fay = clerk("finance", "fay@movmo.example")[0]
        told = pull_now("sandbox", yesterday, yesterday, by=By(user_id=fay.pk), clock=time.now)
        assert {one.state for one in told.new} == {"received"}
        assert Statement.objects.filter(period_start=yesterday).count() == len(Stream)


def test_two_clicks_at_once_are_one_pull(airline: Airline, yesterday: date) -> None:
    """The second comes while the airline is being asked; the third has nothing left to do."""
    airline.opens, refused = threading.Event(), []

    def click() -> None:
        try:
            by_hand(yesterday)
        except PullUnderWay as refusal:
            refused.append(refusal.facts)
            assert airline.opens is not None
            airline.opens.set()

    together(click, click)
    assert refused == [{"provider": "sandbox", "day": yesterday.isoformat()}]
    assert airline.asked == [yesterday]
    assert Statement.objects.count() == len(Stream)
    by_hand(yesterday)
    assert airline.asked == [yesterday]


class TestNothingIsAsked:
    @pytest.mark.parametrize(
        ("first", "last", "reason"),
        [
            (1, 1, "not over"),
            (0, 0, "not over"),
            (-1, 0, "not over"),
            (-1, -2, "before the first"),
            (-1 - MOST_DAYS_BY_HAND, -1, "too many"),
        ],
        ids=["tomorrow", "today", "up to today", "the other way round", "too many"],
    )
    def test_of_days_that_are_none(
        self, first: int, last: int, reason: str, airline: Airline, clock: StoppedClock
    ) -> None:
        today = clock.now.date()
        with pytest.raises(PullDaysInvalid, match=reason):
            by_hand(today + first * A_DAY, today + last * A_DAY)
        assert (airline.asked, PulledDay.objects.count()) == ([], 0)

    def test_of_days_one_of_which_is_locked(self, airline: Airline, yesterday: date) -> None:
        books.lock(starts_on=yesterday - A_DAY, ends_on=yesterday - A_DAY)
        with pytest.raises(PeriodLocked):
            by_hand(yesterday - 2 * A_DAY, yesterday)
        assert (airline.asked, Statement.objects.count()) == ([], 0)

    def test_of_who_tells_nothing(self, monkeypatch: pytest.MonkeyPatch, yesterday: date) -> None:
        monkeypatch.setitem(registry._providers, "sandbox", Airline(statements=False))
        with pytest.raises(StatementsUnsupported):
            by_hand(yesterday)


def test_what_came_before_a_day_that_is_not_told_is_kept(airline: Airline, yesterday: date) -> None:
    airline.silent_about = {yesterday}
    with pytest.raises(PullUnanswered, match=yesterday.isoformat()):
        by_hand(yesterday - A_DAY, yesterday)
    assert set(Statement.objects.values_list("period_start", flat=True)) == {yesterday - A_DAY}
    airline.silent_about = set()
    by_hand(yesterday - A_DAY, yesterday)
    assert airline.asked == [yesterday - A_DAY, yesterday, yesterday]


class TestInTheOffice:
    @pytest.fixture
    def yesterday(self) -> date:
        """By the clock of the office's sessions, which does not stand still."""
        return time.now().astimezone(UTC).date() - A_DAY

    def press(self, role: str, first: date, *, follow: bool = True, **typed: str) -> Any:
        office = clerk(role, f"{role}{User.objects.count()}@movmo.example")[1]
        form = {"provider": "sandbox", "starts_on": first.isoformat(), "ends_on": "", **typed}
        return office.post(page("statement_pull"), form, follow=follow)

    def test_finance_presses(self, airline: Airline, yesterday: date) -> None:
        shown = self.press("finance", yesterday).content.decode()
        assert "2 statements came in" in shown
        assert page("statement_pull") in shown  # the button above the list
        fay = User.objects.get(groups__name="finance")
        assert set(Statement.objects.values_list("uploaded_by", flat=True)) == {fay.pk}
        intent, line = AuditEvent.objects.filter(operation="pull_statements").order_by("id")
        assert (intent.phase, intent.code, line.phase) == ("intent", "", "outcome")
        assert intent.arguments == {"provider": "sandbox", "day": yesterday.isoformat(), "again": False}
        assert line.arguments is not None
        assert (line.user_id, line.arguments["day"], line.arguments["provider"]) == (
            fay.pk,
            yesterday.isoformat(),
            "sandbox",
        )
        assert sorted(line.arguments["statements"]) == sorted(str(one.pk) for one in Statement.objects.all())

    def test_what_is_refused_is_said(self, airline: Airline, yesterday: date) -> None:
        answer = self.press("finance", yesterday + 2 * A_DAY)
        assert (answer.status_code, "is not over" in answer.content.decode()) == (422, True)
        books.lock(starts_on=yesterday, ends_on=yesterday)
        answer = self.press("finance", yesterday)
        assert (answer.status_code, "are locked" in answer.content.decode()) == (422, True)
        assert airline.asked == []

    @pytest.mark.parametrize("role", ["support", "partnerships", "security"])
    def test_nobody_else_may(self, role: str, airline: Airline, yesterday: date) -> None:
        assert self.press(role, yesterday, follow=False).status_code == 403
        assert (airline.asked, Statement.objects.count()) == ([], 0)


class TestTheCommand:
    def test_pulls(self, airline: Airline, yesterday: date, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("pull_statements", "sandbox", (yesterday - A_DAY).isoformat(), yesterday.isoformat())
        told = capsys.readouterr().out
        assert all(str(one.pk) in told for one in Statement.objects.all())
        assert Statement.objects.count() == 2 * len(Stream)
        lines = AuditEvent.objects.filter(operation="pull_statements", user_id=None)
        assert sorted(lines.values_list("phase", flat=True)) == ["intent", "intent", "outcome", "outcome"]

    @pytest.mark.parametrize(("provider", "days"), [("nobody", 1), ("sandbox", -1)])
    def test_says_why_not(self, provider: str, days: int, airline: Airline, yesterday: date) -> None:
        with pytest.raises(CommandError, match=r"\.$"):
            call_command("pull_statements", provider, (yesterday - days * A_DAY).isoformat())


def test_a_fault_of_ours_lets_the_day_go(airline: Airline, yesterday: date, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(airline, "list_orders", refuse)
        with pytest.raises(ZeroDivisionError):
            by_hand(yesterday)
    by_hand(yesterday)
    assert PulledDay.objects.get(day=yesterday).done_at is not None
