"""A booking of an unknown end is told of after 15 minutes: once, to support, and in the log.

However often its order was sent again meanwhile, and whether a worker still asks or a person has to.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from structlog.testing import capture_logs

from bookings.booking import steps
from bookings.booking.models import Booking
from bookings.booking.saga import MOST_ATTEMPTS
from bookings.booking.states import State
from bookings.providers.sandbox.airline import Airline
from bookings.reconciliation.alarm.models import UnknownAlarm
from bookings.reconciliation.alarm.services import raise_due
from movmo.accounts.letter.models import PendingLetter
from movmo.accounts.letter.services import as_written
from movmo.accounts.models import User
from tests import query_plans
from tests.admin.finance import clerk
from tests.bookings.reconciliation.trade import bought
from tests.conftest import NOON, StoppedClock
from tests.contract.world import World
from tests.operations.together import together
from tests.saga.airline import ScriptedAirline, hears_nothing
from tests.saga.live_trip import LiveTrip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def support(ops: User) -> User:
    ops.groups.add(Group.objects.get_or_create(name="support")[0])
    User.objects.create_user("fay@movmo.example", is_staff=True)
    return ops


@pytest.fixture
def unknown(world: World, clock: StoppedClock) -> Booking:
    """The sandbox loses its order, and no worker has looked since."""
    booking = Booking.objects.get(pk=bought(world, family_name="TIMEOUTLOST").booking_id)
    assert booking.state == State.UNKNOWN
    return booking


@pytest.fixture
def reviewed(unknown: Booking, clock: StoppedClock) -> Booking:
    """Sent as often as it ever is, each time until its settle window was over. It took nine minutes."""
    for _ in range(MOST_ATTEMPTS):
        workers_look(clock, minutes=3)
    unknown.refresh_from_db()
    assert (unknown.state, unknown.attempts) == (State.MANUAL_REVIEW, MOST_ATTEMPTS)
    assert unknown.submitted_at == NOON + timedelta(minutes=6)
    return unknown


@pytest.fixture
def booked(world: World, clock: StoppedClock, install_airline: Callable[[Airline], None]) -> LiveTrip:
    """Booked and ticketed at an airline that does as it is told."""
    install_airline(airline := ScriptedAirline())
    trip = LiveTrip(world, airline, clock)
    trip.begin()
    return trip


def workers_look(clock: StoppedClock, **later: float) -> None:
    clock.forward(**later)
    call_command("resolve_bookings", verbosity=0)


def since_when(clock: StoppedClock) -> list[timedelta]:
    """For how long those that were told of now are of an unknown end."""
    return [clock.now - one.unknown_since for one in raise_due(now=clock.now)]


def letters() -> list[PendingLetter]:
    return list(PendingLetter.objects.filter(letter="unknown_bookings"))


def test_before_its_time_nobody_is_told(unknown: Booking, support: User, clock: StoppedClock) -> None:
    clock.forward(minutes=14)
    assert raise_due(now=clock.now) == []
    assert letters() == []


def test_then_support_is_told_once(unknown: Booking, support: User, clock: StoppedClock) -> None:
    clock.forward(minutes=15)
    with capture_logs() as log:
        assert [one.booking_id for one in raise_due(now=clock.now)] == [unknown.pk]
    assert [line["booking_id"] for line in log if line["event"] == "booking.unknown_for_too_long"] == [str(unknown.pk)]
    (letter,) = letters()
    content = as_written(letter)
    assert content["to"] == support.email
    assert [one["id"] for one in content["facts"]["bookings"]] == [str(unknown.pk)]
    clock.forward(minutes=1)
    assert raise_due(now=clock.now) == []
    assert len(letters()) == 1


def test_two_workers_at_once_tell_once(unknown: Booking, support: User, clock: StoppedClock) -> None:
    clock.forward(minutes=15)
    told = together(*[lambda: raise_due(now=clock.now)] * 2)
    assert sorted(len(one) for one in told if isinstance(one, list)) == [0, 1]
    assert (len(letters()), UnknownAlarm.objects.count()) == (1, 1)


def test_where_nobody_is_of_support_the_admins_are_told(unknown: Booking, ops: User, clock: StoppedClock) -> None:
    ops.groups.clear()
    User.objects.create_user("fay@movmo.example", is_staff=True)
    for email, active in (("adam@movmo.example", True), ("gone@movmo.example", False)):
        admin = User.objects.create_user(email, is_staff=True, is_active=active)
        admin.groups.add(Group.objects.get_or_create(name="admin")[0])
    User.objects.filter(pk=ops.pk).update(is_superuser=False)
    clock.forward(minutes=15)
    raise_due(now=clock.now)
    assert [as_written(one)["to"] for one in letters()] == ["adam@movmo.example"]


def test_the_back_office_shows_it(unknown: Booking, support: User, clock: StoppedClock) -> None:
    """By its age on the dashboard, and on its own page that somebody was told."""
    clock.forward(minutes=15)
    raise_due(now=clock.now)
    office = clerk("support", "sue@movmo.example")[1]
    session = office.session
    for record in session["account_authentication_methods"]:
        record["at"] = clock.now.timestamp()
    session.save()
    assert "1 booking older than 15 minutes" in office.get(reverse("admin:index")).content.decode()
    shown = office.get(reverse("admin:bookings_booking_change", args=[unknown.pk])).content.decode()
    assert "Staff were told that nobody knows its end" in shown


@pytest.mark.parametrize("state", [state for state in State if state not in (State.UNKNOWN, State.MANUAL_REVIEW)])
def test_what_is_known_by_then_is_no_alarm(unknown: Booking, support: User, clock: StoppedClock, state: State) -> None:
    Booking.objects.filter(pk=unknown.pk).update(state=state)
    clock.forward(hours=1)
    assert raise_due(now=clock.now) == []
    assert not UnknownAlarm.objects.exists()


def test_what_waits_for_a_person_is_told_of(reviewed: Booking, support: User, clock: StoppedClock) -> None:
    """After 15 minutes from its first submission, not from the last."""
    clock.set(NOON + timedelta(minutes=14))
    assert raise_due(now=clock.now) == []
    clock.forward(minutes=1)
    assert since_when(clock) == [timedelta(minutes=15)]
    (letter,) = letters()
    content = as_written(letter)
    assert (content["to"], content["facts"]["bookings"][0]["id"]) == (support.email, str(reviewed.pk))
    assert UnknownAlarm.objects.get().unknown_since == NOON


def test_a_retry_makes_it_no_younger(unknown: Booking, support: User, clock: StoppedClock) -> None:
    workers_look(clock, minutes=13)
    unknown.refresh_from_db()
    assert (unknown.state, unknown.submitted_at) == (State.UNKNOWN, clock.now)
    clock.forward(minutes=2)
    assert since_when(clock) == [timedelta(minutes=15)]


def test_what_was_told_of_while_unknown_is_not_told_of_again(
    unknown: Booking, support: User, clock: StoppedClock
) -> None:
    clock.forward(minutes=15)
    assert len(raise_due(now=clock.now)) == 1
    for _ in range(MOST_ATTEMPTS):
        workers_look(clock, minutes=3)
    unknown.refresh_from_db()
    assert unknown.state == State.MANUAL_REVIEW
    clock.forward(hours=5)
    assert raise_due(now=clock.now) == []
    assert len(letters()) == 1


def test_a_lost_cancellation_is_as_old_as_its_first_asking(
    booked: LiveTrip, support: User, clock: StoppedClock
) -> None:
    """However long ago it was sold."""
    clock.forward(hours=5)
    booked.cancel(*[hears_nothing] * MOST_ATTEMPTS)
    for _ in range(MOST_ATTEMPTS):
        workers_look(clock, minutes=4)
    assert booked.state is State.MANUAL_REVIEW
    clock.forward(minutes=2)
    assert raise_due(now=clock.now) == []
    clock.forward(minutes=1)
    assert since_when(clock) == [timedelta(minutes=15)]


def test_an_end_that_is_lost_anew_is_told_of_anew(booked: LiveTrip, support: User, clock: StoppedClock) -> None:
    """It was found, and months later it is asked for something again."""
    asked_first = went(booked.booking, State.CANCELLING, State.MANUAL_REVIEW, at=clock)
    clock.forward(minutes=15)
    assert since_when(clock) == [timedelta(minutes=15)]
    found = went(asked_first, State.CONFIRMED, at=clock)
    clock.forward(days=90)
    assert raise_due(now=clock.now) == []
    went(found, State.CANCELLING, State.MANUAL_REVIEW, at=clock)
    clock.forward(minutes=14)
    assert raise_due(now=clock.now) == []
    clock.forward(minutes=1)
    with capture_logs() as log:
        assert since_when(clock) == [timedelta(minutes=15)]
    assert [line["event"] for line in log] == ["booking.unknown_for_too_long"]
    clock.forward(hours=5)
    assert raise_due(now=clock.now) == []
    assert (len(letters()), UnknownAlarm.objects.filter(booking=found).count()) == (2, 2)


def test_two_workers_at_once_tell_once_of_an_end_that_is_lost_anew(
    booked: LiveTrip, support: User, clock: StoppedClock
) -> None:
    booking = booked.booking
    for _ in range(2):
        booking = went(booking, State.CANCELLING, State.MANUAL_REVIEW, at=clock)
        clock.forward(minutes=15)
        told = together(*[lambda: raise_due(now=clock.now)] * 2)
        assert sorted(len(one) for one in told if isinstance(one, list)) == [0, 1]
        booking = went(booking, State.CONFIRMED, at=clock)
        clock.forward(minutes=1)
    assert len(letters()) == 2


def test_an_order_that_comes_in_after_its_booking_had_failed_is_as_old_as_that(
    unknown: Booking, support: User, clock: StoppedClock
) -> None:
    failed = went(unknown, State.FAILED, at=clock)
    clock.forward(hours=5)
    went(failed, State.MANUAL_REVIEW, at=clock)
    clock.forward(minutes=14)
    assert raise_due(now=clock.now) == []
    clock.forward(minutes=1)
    assert since_when(clock) == [timedelta(minutes=15)]


def test_time_that_the_cardholder_s_bank_took_does_not_count(world: World, support: User, clock: StoppedClock) -> None:
    hold = steps.reload(world.hold().booking_id)
    asking = went(hold, State.CONFIRMING, State.REQUIRES_ACTION, at=clock)
    clock.forward(hours=5)
    went(asking, State.CONFIRMING, State.MANUAL_REVIEW, at=clock)
    clock.forward(minutes=14)
    assert raise_due(now=clock.now) == []
    clock.forward(minutes=1)
    assert since_when(clock) == [timedelta(minutes=15)]


def test_one_whose_history_does_not_tell_is_told_of(world: World, support: User, clock: StoppedClock) -> None:
    """Set by hand, in the database."""
    Booking.objects.filter(pk=bought(world).booking_id).update(state=State.MANUAL_REVIEW)
    clock.forward(minutes=15)
    assert since_when(clock) == [timedelta(minutes=15)]


def test_those_that_have_waited_longest_come_first(world: World, support: User, clock: StoppedClock) -> None:
    older, newer = (steps.reload(bought(world).booking_id) for _ in range(2))
    for booking in (newer, older):
        went(booking, State.CANCELLING, State.MANUAL_REVIEW, at=clock)
        clock.forward(minutes=1)
    clock.forward(minutes=15)
    assert [one.booking_id for one in raise_due(now=clock.now)] == [newer.pk, older.pk]


def test_no_table_of_bookings_is_read_whole(unknown: Booking, support: User, clock: StoppedClock) -> None:
    with CaptureQueriesContext(connection) as asked:
        raise_due(now=clock.now)
    (statement,) = [query["sql"] for query in asked if "booking_transition" in query["sql"]]
    assert query_plans.uses(statement, "booking_at_risk") or query_plans.uses(statement, "booking_of_state")
    assert query_plans.uses(statement, "booking_transition_booking_id")
    assert not query_plans.reads_a_table_whole(statement)


def went(booking: Booking, *path: State, at: StoppedClock) -> Booking:
    """As the sagas write it down."""
    after = steps.settle(booking, *path, now=at.now, reason="so that it is there")
    assert after.state == path[-1]
    return after
