"""What a person has linked stays linked, and a fee or memo is not the document's own line."""

import pytest

from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from bookings.reconciliation.models import Discrepancy, Run, Stream
from bookings.reconciliation.resolution import ending, services
from bookings.reconciliation.states import CaseState, Class
from movmo.kit import clock
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by
from tests.bookings.reconciliation.scene import DAY, Clerk, again, classes, document, line, ties

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "it is about this ticket"
BESIDE = {"fee": "5.00", "adm": "5.00", "acm": "-5.00"}
FOUND_AS = {"fee": Class.FEE_MISMATCH, "adm": Class.ADM, "acm": Class.ACM}
each_kind = pytest.mark.parametrize("kind", BESIDE)


@pytest.fixture(autouse=True)
def no_limit(db: None) -> None:
    books.rules(**{"*": {"write_off": 1_000_000}})


@pytest.fixture
def ticket(booking: Booking) -> BookingDocument:
    return document(booking, "0002000000001")


def beside(kind: str, **told: str) -> dict[str, str]:
    return {"kind": kind, "currency": "EUR", "gross": BESIDE[kind], "issued_on": DAY.isoformat(), **told}


def linked(run: Run, subject: str, to: BookingDocument) -> Discrepancy:
    one = Discrepancy.objects.get(statement=run.statement, subject=subject)
    ended = ending.link(one.pk, document=str(to.pk), reason=WHY, by=by(to.booking.user), now=clock.now())
    assert isinstance(ended, Discrepancy)
    return ended


def standing() -> dict[str, str]:
    return dict(Discrepancy.objects.filter(state=CaseState.OPEN).values_list("subject", "category"))


@each_kind
@pytest.mark.parametrize("place", ["line 2", "line 3"], ids=["before the sale", "after it"])
def test_a_fee_or_memo_stands_beside_the_ticket(kind: str, place: str, ticket: BookingDocument, clerk: Clerk) -> None:
    lines = [beside(kind), line(ticket)]
    run = clerk.compares(lines if place == "line 2" else lines[::-1])
    assert (classes(run), ties(run)) == ({place: FOUND_AS[kind]}, True)
    one = linked(run, place, ticket)
    for _ in range(2):
        rerun = again(run.statement)
        one.refresh_from_db()
        assert (one.state, one.resolution, standing()) == (CaseState.RESOLVED, "linked", {})
        assert (rerun.counts["matched"], rerun.counts["found"], rerun.new, rerun.changed) == (2, 0, 0, 0)
        assert ties(rerun)
        gross = 11_870 + (-500 if kind == "acm" else 500)
        assert (rerun.totals["EUR"]["matched_ours"], rerun.totals["EUR"]["matched_theirs"]) == (11_870, gross)


def test_two_fees_of_one_ticket_are_no_doubles(ticket: BookingDocument, clerk: Clerk) -> None:
    run = clerk.compares([beside("fee"), line(ticket), beside("fee", gross="7.00")])
    for subject in ("line 2", "line 4"):
        linked(run, subject, ticket)
    assert (again(run.statement).counts["matched"], standing()) == (3, {})


def test_of_three_sales_two_are_doubles_and_the_fee_is_none(ticket: BookingDocument, clerk: Clerk) -> None:
    run = clerk.compares([beside("fee"), *[line(ticket)] * 3])
    linked(run, "line 2", ticket)
    assert ties(again(run.statement))
    assert standing() == {"line 4": "duplicate", "line 5": "duplicate"}


@each_kind
def test_a_ticket_that_only_a_fee_or_memo_is_about_is_missing(kind: str, ticket: BookingDocument, clerk: Clerk) -> None:
    run = clerk.compares([beside(kind)])
    linked(run, "line 2", ticket)
    assert ties(again(run.statement))
    assert standing() == {f"document {ticket.pk}": "missing_at_provider"}


@each_kind
def test_another_day_s_fee_says_nothing_for_it(kind: str, ticket: BookingDocument, clerk: Clerk) -> None:
    clerk.period = (DAY.replace(day=13), DAY.replace(day=13))
    first = clerk.compares([beside(kind, issued_on="2027-02-13")])
    linked(first, "line 2", ticket)
    again(first.statement)
    clerk.period = (DAY, DAY)
    assert classes(clerk.compares([])) == {f"document {ticket.pk}": "missing_at_provider"}


@each_kind
def test_the_next_day_s_fee_is_not_billed_before(kind: str, ticket: BookingDocument, clerk: Clerk) -> None:
    for day in (14, 15):
        clerk.period = (DAY.replace(day=day), DAY.replace(day=day))
        run = clerk.compares([beside(kind, issued_on=f"2027-02-{day}"), *([line(ticket)] if day == 14 else [])])
        linked(run, "line 2", ticket)
        rerun = again(run.statement)
    assert (rerun.counts["matched"], standing()) == (1, {})


@each_kind
def test_a_line_of_the_order_still_stands_for_its_ticket(kind: str, ticket: BookingDocument, clerk: Clerk) -> None:
    run = clerk.compares([beside(kind), line(ticket, ticket_number="")])
    linked(run, "line 2", ticket)
    rerun = again(run.statement)
    assert (rerun.counts["matched"], standing(), ties(rerun)) == (2, {}, True)


@each_kind
def test_the_sale_is_linked_beside_it(kind: str, ticket: BookingDocument, clerk: Clerk) -> None:
    run = clerk.compares([beside(kind), line(ticket, ticket_number="0009999999999", order_id="")])
    linked(run, "line 2", ticket)
    linked(run, "line 3", ticket)
    rerun = again(run.statement)
    assert (rerun.counts["matched"], standing(), ties(rerun)) == (2, {}, True)


def test_a_sale_that_is_linked_is_held_against_the_ticket(ticket: BookingDocument, clerk: Clerk) -> None:
    run = clerk.compares([line(ticket, ticket_number="0009999999999", order_id="", gross="120.00")])
    linked(run, "line 2", ticket)
    assert ties(again(run.statement))
    assert standing() == {"line 2": "amount_mismatch"}


@each_kind
def test_reopened_it_is_what_it_was(kind: str, ticket: BookingDocument, clerk: Clerk) -> None:
    run = clerk.compares([beside(kind), line(ticket)])
    one = linked(run, "line 2", ticket)
    again(run.statement)
    services.reopen(one.pk, reason=WHY, by=by(ticket.booking.user), now=clock.now())
    assert ties(again(run.statement))
    assert standing() == {"line 2": FOUND_AS[kind]}


def test_among_orders_too(ticket: BookingDocument, clerk: Clerk) -> None:
    booking = ticket.booking
    day = booking.created_at.date()
    clerk.stream, clerk.period = Stream.ORDERS, (day, day)
    told = {"order_id": booking.order_id, "currency": "EUR", "gross": booking.total.amount, "status": booking.state}
    fee = {"kind": "fee", "currency": "EUR", "gross": "5.00", "status": booking.state}
    header = ["kind", "order_id", "currency", "gross", "status"]
    run = clerk.compares([fee, {"kind": "sale", **told}], header=header)
    linked(run, "line 2", ticket)
    rerun = again(run.statement)
    assert (rerun.counts["matched"], standing()) == (2, {})
    assert rerun.totals["EUR"]["ours"] == booking.total_minor
