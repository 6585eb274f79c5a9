"""Statements beside one another: of midnight, of shared days, and of what one of them has billed before."""

from datetime import date, timedelta

import pytest

from bookings.booking import saga
from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from bookings.reconciliation.models import Discrepancy, Run, StatementLine, Stream
from movmo.kit import clock as time
from tests.bookings.reconciliation.scene import DAY, Clerk, Kind, again, classes, document, line
from tests.bookings.reconciliation.trade import bought, looked_after, reconciled
from tests.conftest import StoppedClock
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)

A_DAY = timedelta(days=1)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)


def test_an_answer_that_came_after_midnight_is_missing_on_no_day(world: World, clock: StoppedClock) -> None:
    clock.forward(seconds=(clock.now.replace(hour=23, minute=59, second=30) - clock.now).total_seconds())
    day = clock.now.date()
    booking = Booking.objects.get(pk=bought(world, family_name="TIMEOUTBOOKED").booking_id)
    clock.forward(minutes=5)
    saga.look_up(booking, clock=time.now)
    looked_after()
    assert BookingDocument.objects.get().issued_on == day + timedelta(days=1)
    clock.forward(days=2)
    for pulled in (day, day + timedelta(days=1)):
        reconciled(pulled)
    assert not Discrepancy.objects.exists()


def test_what_the_day_before_tells_is_not_missing_and_the_rest_is(booking: Booking, clerk: Clerk) -> None:
    told, untold = (document(booking, f"000200000000{number}") for number in (1, 2))
    clerk.period = (BEFORE, BEFORE)
    clerk.compares([line(told)])
    clerk.period = (DAY, DAY)
    assert classes(clerk.compares([])) == {f"document {untold.pk}": "missing_at_provider"}


def test_what_the_day_after_tells_is_gone_with_the_next_comparison(booking: Booking, clerk: Clerk) -> None:
    told = document(booking, "0002000000001")
    clerk.period = (DAY, DAY)
    first = clerk.compares([])
    assert classes(first) == {f"document {told.pk}": "missing_at_provider"}
    clerk.period = (AFTER, AFTER)
    clerk.compares([line(told)])
    second = again(first.statement)
    assert (classes(second), second.gone) == ({}, 1)


def test_another_statement_of_the_same_day_says_nothing_for_it(booking: Booking, clerk: Clerk) -> None:
    told = document(booking, "0002000000001")
    clerk.period = (BEFORE, DAY)
    clerk.compares([line(told)])
    clerk.period = (DAY, DAY)
    assert classes(clerk.compares([])) == {f"document {told.pk}": "missing_at_provider"}


def test_a_memo_about_it_says_nothing_for_it(booking: Booking, clerk: Clerk) -> None:
    told = document(booking, "0002000000001")
    clerk.period = (AFTER, AFTER)
    clerk.compares([line(told, kind="adm")])
    StatementLine.objects.update(document_id=told.pk)  # as by hand
    clerk.period = (DAY, DAY)
    assert classes(clerk.compares([])) == {f"document {told.pk}": "missing_at_provider"}


OTHER_BYTES = {"record_locator": "AGAIN1"}
"""The same bytes would be the same statement."""


class TestBilledBefore:
    """A document that an earlier statement has a line of is there twice, whatever its own statement says."""

    def duplicate(self, run: Run) -> bool:
        return classes(run) == {"line 2": "duplicate"} and run.totals["EUR"]["ours"] == 0

    @pytest.mark.parametrize("issued_on", [BEFORE - 9 * A_DAY, BEFORE, DAY], ids=["long ago", "the day before", "now"])
    def test_the_next_statement_bills_it_again(self, issued_on: date, booking: Booking, clerk: Clerk) -> None:
        told = document(booking, "0002000000001", issued_on=issued_on)
        clerk.period = (BEFORE, BEFORE)
        first = clerk.compares([line(told)])
        clerk.period = (DAY, DAY)
        second = clerk.compares([line(told, **OTHER_BYTES)])
        assert (classes(first), self.duplicate(second)) == ({}, True)
        assert Discrepancy.objects.get().at_risk_minor == 11_870

    def test_a_later_one_bills_it_again(self, booking: Booking, clerk: Clerk) -> None:
        told = document(booking, "0002000000001")
        for lines in ([line(told)], [], [line(told, **OTHER_BYTES)]):
            day = DAY + len(clerk.sent) * A_DAY
            clerk.period = (day, day)
            run = clerk.compares(lines)
        assert self.duplicate(run)

    def test_to_compare_again_changes_nothing(self, booking: Booking, clerk: Clerk) -> None:
        told = document(booking, "0002000000001")
        clerk.period = (DAY, DAY)
        first = clerk.compares([line(told)])
        clerk.period = (AFTER, AFTER)
        second = clerk.compares([line(told, **OTHER_BYTES)])
        assert classes(again(first.statement)) == {}
        rerun = again(second.statement)
        assert (self.duplicate(rerun), rerun.same, rerun.changed) == (True, 1, 0)
        assert classes(again(first.statement)) == {}

    def test_a_late_statement_of_earlier_days_is_the_second(self, booking: Booking, clerk: Clerk) -> None:
        told = document(booking, "0002000000001")
        clerk.period = (AFTER, AFTER)
        first = clerk.compares([line(told)])
        clerk.period = (DAY, DAY)
        assert self.duplicate(clerk.compares([line(told, **OTHER_BYTES)]))
        assert classes(again(first.statement)) == {}

    def test_its_refund_is_another_document(self, booking: Booking, clerk: Clerk) -> None:
        sale = document(booking, "0002000000001")
        clerk.period = (DAY, DAY)
        clerk.compares([line(sale)])
        refund = document(booking, "0002000000001", kind=Kind.REFUND, issued_on=AFTER)
        clerk.period = (AFTER, AFTER)
        assert classes(clerk.compares([line(refund)])) == {}

    def test_a_memo_about_it_is_none(self, booking: Booking, clerk: Clerk) -> None:
        told = document(booking, "0002000000001", issued_on=AFTER)
        clerk.period = (DAY, DAY)
        clerk.compares([line(told, kind="adm")])
        StatementLine.objects.update(document_id=told.pk)  # as by hand
        clerk.period = (AFTER, AFTER)
        assert classes(clerk.compares([line(told)])) == {}

    def test_nor_is_another_scopes(self, booking: Booking, clerk: Clerk) -> None:
        told = document(booking, "0002000000001")
        clerk.period = (DAY, DAY)
        clerk.compares([line(told)])
        clerk.period, clerk.partner = (AFTER, AFTER), booking.partner
        assert classes(clerk.compares([line(told)])) == {}

    def test_who_sends_the_same_days_again_corrects_them(self, booking: Booking, clerk: Clerk) -> None:
        told = document(booking, "0002000000001")
        clerk.period = (BEFORE, DAY)
        clerk.compares([line(told, gross="118.00")])
        clerk.period = (DAY, DAY)
        assert classes(clerk.compares([line(told)])) == {}


class TestSharedDays:
    """Of two statements that share some of their days, neither corrects the other: each document belongs into one."""

    @pytest.fixture(params=["the earlier days first", "the later days first"])
    def periods(self, request: pytest.FixtureRequest) -> list[tuple[date, date]]:
        """In the order of their arrival; DAY and AFTER are in both."""
        both = [(DAY - 3 * A_DAY, AFTER), (DAY, DAY + 4 * A_DAY)]
        return both if request.param == "the earlier days first" else both[::-1]

    @pytest.mark.parametrize("issued_on", [DAY, AFTER])
    def test_what_both_bill_is_billed_twice(
        self, issued_on: date, periods: list[tuple[date, date]], booking: Booking, clerk: Clerk
    ) -> None:
        told, once = document(booking, "0002000000001", issued_on=issued_on), document(booking, "0002000000002")
        clerk.period = periods[0]
        first = clerk.compares([line(told)])
        clerk.period = periods[1]
        second = clerk.compares([line(told, **OTHER_BYTES), line(once)])
        assert classes(second) == {"line 2": "duplicate"}
        for _ in range(2):  # and so it stays, in whatever order they are compared again
            assert classes(again(second.statement)) == {"line 2": "duplicate"}
            assert classes(again(first.statement)) == {}
        assert Discrepancy.objects.exclude(state="gone").get().at_risk_minor == 11_870

    def test_a_document_beyond_the_first_ones_days_that_both_bill(self, booking: Booking, clerk: Clerk) -> None:
        told = document(booking, "0002000000001", issued_on=AFTER + A_DAY)
        clerk.period = (BEFORE, AFTER)
        clerk.compares([line(told)])
        clerk.period = (DAY, DAY + 4 * A_DAY)
        assert classes(clerk.compares([line(told, **OTHER_BYTES)])) == {"line 2": "duplicate"}

    def test_its_refund_is_another_document(
        self, periods: list[tuple[date, date]], booking: Booking, clerk: Clerk
    ) -> None:
        sale = document(booking, "0002000000001")
        clerk.period = periods[0]
        clerk.compares([line(sale)])
        refund = document(booking, "0002000000001", kind=Kind.REFUND)
        clerk.period = periods[1]
        assert classes(clerk.compares([line(refund)])) == {}

    def test_what_one_has_is_missing_in_neither(
        self, periods: list[tuple[date, date]], booking: Booking, clerk: Clerk
    ) -> None:
        theirs, its, nobodys = (document(booking, f"000200000000{number}") for number in (1, 2, 3))
        missing = f"document {nobodys.pk}"
        clerk.period = periods[0]
        first = clerk.compares([line(theirs)])
        assert set(classes(first)) == {f"document {its.pk}", missing}  # nobody has told of the other one yet
        clerk.period = periods[1]
        assert classes(clerk.compares([line(its)])) == {missing: "missing_at_provider"}
        assert classes(again(first.statement)) == {missing: "missing_at_provider"}

    def test_bookings_are_missing_in_neither_list_of_orders(self, booking: Booking, clerk: Clerk) -> None:
        day = booking.created_at.date()
        told = {"kind": "sale", "order_id": booking.order_id, "currency": booking.currency, "status": "ticketed"}
        header = [*told, "gross"]
        clerk.stream, clerk.period = Stream.ORDERS, (day - A_DAY, day)
        clerk.compares([{**told, "gross": booking.total.amount}], header=header)
        clerk.period = (day, day + A_DAY)
        assert classes(clerk.compares([], header=header)) == {}

    def test_what_sums_up_days_that_were_told_one_by_one_bills_nothing_twice(
        self, booking: Booking, clerk: Clerk
    ) -> None:
        told = document(booking, "0002000000001")
        clerk.period = (DAY, DAY)
        clerk.compares([line(told)])
        clerk.period = (BEFORE, AFTER)
        assert classes(clerk.compares([line(told, **OTHER_BYTES)])) == {}
