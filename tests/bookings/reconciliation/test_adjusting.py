"""What is booked of a document comes to what was accepted last, whichever statements tell of it."""

from datetime import date, timedelta

import pytest
from django.db import OperationalError
from django.db.models import Sum

from bookings.booking.models import Booking
from bookings.reconciliation.models import Discrepancy, Run, Stream
from bookings.reconciliation.resolution import ending
from bookings.reconciliation.resolution.models import Adjustment
from bookings.reconciliation.resolution.schemas import By
from movmo.kit import clock
from movmo.kit.money import Money
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by
from tests.bookings.reconciliation.scene import DAY, FIRST, LAST, Clerk, again, classes, document, line
from tests.operations.together import together, wait_for_locks, while_another_holds

pytestmark = pytest.mark.django_db(transaction=True)

A_DAY = timedelta(days=1)
MONTH, ITS_DAY, NEXT_DAY = (FIRST, LAST), (DAY, DAY), (DAY + A_DAY, DAY + A_DAY)


@pytest.fixture(autouse=True)
def no_limit(db: None) -> None:
    books.rules(**{"*": {"write_off": 10_000_000}})


def accept(run: Run, subject: str, booking: Booking) -> None:
    one = Discrepancy.objects.get(statement=run.statement, subject=subject)
    ending.accept_theirs(one.pk, reason="so be it", by=by(booking.user), now=clock.now())


def booked() -> list[int]:
    return [one.difference_minor or 0 for one in Adjustment.objects.order_by("made_at", "id")]


def total() -> int:
    return int(Adjustment.objects.aggregate(sum=Sum("difference_minor"))["sum"] or 0)


def compared(clerk: Clerk, period: tuple[date, date], *lines: dict[str, str]) -> Run:
    """Each a file of its own: the same bytes would be the same statement."""
    clerk.period = period
    return clerk.compares({**told, "record_locator": f"FILE{len(clerk.sent)}"} for told in lines)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_month_and_its_day_are_booked_once(order: tuple[int, ...], booking: Booking, clerk: Clerk) -> None:
    ticket = document(booking, "0002000000001")
    runs = [compared(clerk, period, line(ticket, gross="128.70")) for period in (MONTH, ITS_DAY)]
    for place in order:
        accept(runs[place], "line 2", booking)
    assert booked() == [1_000, 0]


def test_of_two_that_say_otherwise_the_last_counts(booking: Booking, clerk: Clerk) -> None:
    ticket = document(booking, "0002000000001")
    told = (MONTH, "128.70"), (ITS_DAY, "130.00"), ((DAY - A_DAY, DAY), "125.00")
    for period, gross in told:
        accept(compared(clerk, period, line(ticket, gross=gross)), "line 2", booking)
    assert booked() == [1_000, 130, -500]


def test_what_was_missing_is_booked_back_where_it_is_told_of(booking: Booking, clerk: Clerk) -> None:
    ticket = document(booking, "0002000000001")
    accept(compared(clerk, ITS_DAY), f"document {ticket.pk}", booking)
    accept(compared(clerk, NEXT_DAY, line(ticket, gross="128.70")), "line 2", booking)
    assert booked() == [-11_870, 11_870 + 1_000]


def test_a_refund_is_another_document(booking: Booking, clerk: Clerk) -> None:
    number = "0002000000001"
    told = [
        line(document(booking, number), gross="128.70"),
        line(document(booking, number, kind="refund"), gross="-100.00"),
    ]
    for run in [compared(clerk, period, *told) for period in (MONTH, ITS_DAY)]:
        for subject in ("line 2", "line 3"):
            accept(run, subject, booking)
    assert booked() == [1_000, 1_870, 0, 0]


class TestDoubles:
    def test_beside_the_ticket_s_own_value(self, booking: Booking, clerk: Clerk) -> None:
        ticket = document(booking, "0002000000001")
        for period in (MONTH, ITS_DAY):
            run = compared(clerk, period, line(ticket, gross="128.70"), line(ticket, gross="128.70"))
            assert classes(run) == {"line 2": "amount_mismatch", "line 3": "duplicate"}
            for subject in ("line 2", "line 3"):
                accept(run, subject, booking)
        assert booked() == [1_000, 12_870, 0, 0]

    def test_each_of_a_statement_s_is_one(self, booking: Booking, clerk: Clerk) -> None:
        ticket = document(booking, "0002000000001")
        accept(compared(clerk, MONTH, *[line(ticket)] * 2), "line 3", booking)
        run = compared(clerk, ITS_DAY, *[line(ticket)] * 3)
        for subject in ("line 3", "line 4"):
            accept(run, subject, booking)
        assert booked() == [11_870, 0, 11_870]

    def test_another_day_bills_it_once_more(self, booking: Booking, clerk: Clerk) -> None:
        ticket = document(booking, "0002000000001")
        compared(clerk, ITS_DAY, line(ticket))
        for days in (1, 2):
            day = DAY + days * A_DAY
            run = compared(clerk, (day, day), line(ticket))
            assert classes(run) == {"line 2": "duplicate"}
            accept(run, "line 2", booking)
        assert booked() == [11_870, 11_870]


def test_lines_of_an_order_are_booked_once(booking: Booking, clerk: Clerk) -> None:
    """They name neither of its two tickets."""
    first, _ = (document(booking, f"000200000000{number}") for number in (1, 2))
    parts = [line(first, ticket_number="", gross=gross) for gross in ("95.00", "60.00")]
    for run in [compared(clerk, period, *parts) for period in (MONTH, ITS_DAY)]:
        for subject in ("line 2", "line 3"):
            accept(run, subject, booking)
        assert total() == 15_500 - 23_740


def test_an_order_is_booked_once(booking: Booking, clerk: Clerk) -> None:
    day = booking.created_at.date()
    clerk.stream = Stream.ORDERS
    told = {"kind": "sale", "order_id": booking.order_id, "currency": "EUR", "status": booking.state}
    header = ["kind", "order_id", "currency", "gross", "status"]
    dearer = Money(booking.total_minor + 1_000, "EUR").amount
    for period in ((day, day), (day - A_DAY, day + A_DAY)):
        clerk.period = period
        header.append("record_locator" if clerk.sent else "ticket_number")
        accept(clerk.compares([{**told, "gross": dearer}], header=header), "line 2", booking)
    assert booked() == [1_000, 0]


def test_found_otherwise_the_other_statement_s_word_counts_still(booking: Booking, clerk: Clerk) -> None:
    ticket = document(booking, "0002000000001")
    month = compared(clerk, MONTH, line(ticket, gross="128.70"))
    accept(month, "line 2", booking)
    accept(compared(clerk, ITS_DAY, line(ticket, gross="128.70")), "line 2", booking)
    booking.issued_documents.update(amount_minor=12_000)
    again(month.statement)
    accept(month, "line 2", booking)
    assert total() == 12_870 - 12_000


def test_of_both_at_once_one_sees_the_other(booking: Booking, clerk: Clerk) -> None:
    ticket = document(booking, "0002000000001")
    runs = [compared(clerk, period, line(ticket, gross="128.70")) for period in (MONTH, ITS_DAY)]
    done = together(*(lambda run=run: accept(run, "line 2", booking) for run in runs))
    assert [one for one in done if isinstance(one, Exception)] == []
    assert sorted(booked()) == [0, 1_000]


def test_until_the_one_has_ended_the_other_waits(booking: Booking, clerk: Clerk) -> None:
    ticket = document(booking, "0002000000001")
    runs = [compared(clerk, period, line(ticket, gross="128.70")) for period in (MONTH, ITS_DAY)]
    wait_for_locks(100)
    with pytest.raises(OperationalError):
        while_another_holds(*(lambda run=run: accept(run, "line 2", booking) for run in runs))
    wait_for_locks(10_000)


def test_what_a_partner_accepts_is_set_off_against_nothing_of_the_houses(booking: Booking, clerk: Clerk) -> None:
    """And the other way round: each has books of its own."""
    ticket = document(booking, "0002400000001")  # 118.70
    accept(compared(clerk, MONTH, line(ticket, gross="121.00")), "line 2", booking)
    assert booked() == [230]
    theirs = Clerk(partner=booking.partner)
    told = Discrepancy.objects.get(statement=theirs.compares([line(ticket, gross="100.00")]).statement)
    ending.accept_theirs(told.pk, reason="ours says so", by=By(partner_id=booking.partner_id), now=clock.now())
    assert booked() == [230, -1_870]
    accept(compared(clerk, ITS_DAY, line(ticket, gross="119.00")), "line 2", booking)
    assert booked() == [230, -1_870, -200]
