"""What people do about discrepancies: each step is legal, has a reason and a name, and no booking is changed by it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.forms.models import model_to_dict

from bookings.booking.models import Booking
from bookings.reconciliation.models import Discrepancy
from bookings.reconciliation.resolution import ending, resyncing, services
from bookings.reconciliation.resolution.models import Adjustment, HandLink, ManualTask
from bookings.reconciliation.resolution.refusals import (
    DiscrepancyChanged,
    DiscrepancyStateInvalid,
    LinkImpossible,
    NothingToLookUp,
)
from bookings.reconciliation.states import CaseState, Class
from bookings.sandbox_airline.models import SandboxOrder
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.models import AuditEvent
from partners.partner.models import Partner
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by
from tests.bookings.reconciliation.trade import bought
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "the airline has explained it"


@pytest.fixture
def rhea(db: None) -> User:
    """The clerk's colleague."""
    return User.objects.create_user("rhea@movmo.example", is_staff=True)


@pytest.fixture(autouse=True)
def limit(db: None) -> None:
    """Nothing here is worth a second person; what is has its own tests (test_two_people.py)."""
    books.rules(**{"*": {"write_off": 1_000_000}})


def taken(step: Callable[..., Any], one: Discrepancy, clerk: User, **more: Any) -> Any:
    return step(one.pk, reason=WHY, by=by(clerk), now=clock.now(), **more)


def audited(one: Any) -> list[tuple[str, Any]]:
    lines = AuditEvent.objects.filter(resource_id=one.pk).order_by("id")
    return list(lines.values_list("operation", "user_id"))


STEPS = {
    services.investigate: CaseState.INVESTIGATING,
    services.dispute: CaseState.DISPUTED,
    ending.close: CaseState.RESOLVED,
    ending.accept_theirs: CaseState.RESOLVED,
}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_step_is_noted_and_audited(ops: User, step: Callable[..., Any]) -> None:
    one = books.discrepancy()
    after = taken(step, one, ops)
    assert after.state == STEPS[step]
    note = one.notes.get()
    assert (note.before, note.after, note.text, note.author_id) == (CaseState.OPEN, STEPS[step], WHY, ops.pk)
    assert audited(one) == [(f"discrepancy_{step.__name__}", ops.pk)]


def test_who_investigates_owns_it(ops: User, rhea: User) -> None:
    one = books.discrepancy()
    assert taken(services.investigate, one, ops).owner == ops
    assert taken(services.investigate, one, rhea).owner == rhea


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_what_is_closed_takes_no_step_before_it_is_reopened(ops: User, step: Callable[..., Any]) -> None:
    one = books.discrepancy(state=CaseState.RESOLVED)
    with pytest.raises(DiscrepancyStateInvalid):
        taken(step, one, ops)
    assert one.notes.count() == 0
    assert audited(one) == []
    taken(services.reopen, one, ops)
    taken(step, one, ops)


def test_what_stands_or_is_gone_is_not_reopened(ops: User) -> None:
    for state in (CaseState.OPEN, CaseState.GONE):
        with pytest.raises(DiscrepancyStateInvalid):
            taken(services.reopen, books.discrepancy(state=state), ops)


def test_of_two_who_decide_at_once_one_does(ops: User) -> None:
    one = books.discrepancy()
    Discrepancy.objects.filter(pk=one.pk).update(version=5)
    with pytest.raises(DiscrepancyChanged), transaction.atomic():
        services.written_off(one, reason=WHY, by=by(ops), now=clock.now())
    assert one.notes.count() == 0


def test_accepting_theirs_adjusts_and_leaves_the_booking_alone(world: World, ops: User) -> None:
    booking = Booking.objects.get(pk=bought(world).booking_id)
    before, documents = model_to_dict(booking), list(booking.issued_documents.values())
    one = books.discrepancy(booking=booking)
    taken(ending.accept_theirs, one, ops)
    made = Adjustment.objects.get()
    assert (made.difference_minor, made.currency, made.made_by, made.booking_id) == (100, "EUR", ops.pk, booking.pk)
    booking.refresh_from_db()
    assert (model_to_dict(booking), list(booking.issued_documents.values())) == (before, documents)


def test_across_currencies_no_difference_is_made_up(ops: User) -> None:
    """It takes a second person, who has signed here."""
    one = books.discrepancy(category=Class.CURRENCY_MISMATCH, theirs_currency="USD")
    services.accepted(one, reason=WHY, by=by(ops), now=clock.now())
    assert Adjustment.objects.get().difference_minor is None


class TestLinkingByHand:
    def test_the_link_is_kept_and_goes_when_it_is_reopened(self, world: World, ops: User) -> None:
        ticket = books.document(Booking.objects.get(pk=bought(world).booking_id))
        of = books.statement()
        one = books.discrepancy(of, category=Class.MISSING_LOCALLY, line=books.line(of))
        after = taken(ending.link, one, ops, document=ticket.number)
        link = HandLink.objects.get()
        assert (after.resolution, after.booking_id) == ("linked", ticket.booking_id)
        assert (link.line_id, link.document_id, link.made_by) == (one.line_id, ticket.pk, ops.pk)
        taken(services.reopen, one, ops)
        assert not HandLink.objects.exists()

    def test_what_cannot_be_one_is_refused(self, world: World, ops: User) -> None:
        ticket = books.document(Booking.objects.get(pk=bought(world).booking_id))
        of = books.statement()
        refund = books.discrepancy(of, line=books.line(of, kind="refund"))
        for one, document in [(refund, ticket.number), (refund, "0009999999999"), (books.discrepancy(), ticket.number)]:
            with pytest.raises(LinkImpossible):
                taken(ending.link, one, ops, document=document)
        assert not HandLink.objects.exists()

    def test_two_lines_are_not_one_document(self, world: World, ops: User) -> None:
        ticket = books.document(Booking.objects.get(pk=bought(world).booking_id))
        of = books.statement()
        first, second = (books.discrepancy(of, line=books.line(of, number)) for number in (2, 3))
        taken(ending.link, first, ops, document=str(ticket.pk))
        with pytest.raises(LinkImpossible):
            taken(ending.link, second, ops, document=str(ticket.pk))


class TestLookingUp:
    def looked_up(self, one: Discrepancy, clerk: User) -> resyncing.LookedUp:
        return resyncing.resync(one.pk, by=by(clerk), clock=clock.now)

    def test_the_booking_takes_over_what_the_airline_says(self, world: World, ops: User) -> None:
        booking = Booking.objects.get(pk=bought(world).booking_id)
        SandboxOrder.objects.update(status="cancelled", cancelled_at=clock.now(), refund_minor=0)
        one = books.discrepancy(booking=booking)
        assert "cancelled, and was ticketed" in self.looked_up(one, ops).told
        booking.refresh_from_db()
        assert booking.state == "cancelled"
        assert "cancelled" in one.notes.get().text

    def test_a_booking_that_is_over_is_not_asked_about(self, world: World, ops: User) -> None:
        booking = Booking.objects.get(pk=bought(world).booking_id)
        Booking.objects.filter(pk=booking.pk).update(state="failed")
        assert "stays so" in self.looked_up(books.discrepancy(booking=booking), ops).told

    def test_without_a_booking_or_an_order_there_is_nothing_to_ask(self, ops: User) -> None:
        with pytest.raises(NothingToLookUp):
            self.looked_up(books.discrepancy(), ops)


class TestTheMissingBooking:
    def adopted(self, clerk: User, **line: Any) -> tuple[Discrepancy, resyncing.LookedUp]:
        of = books.statement()
        one = books.discrepancy(of, category=Class.MISSING_LOCALLY, line=books.line(of, **line))
        return one, resyncing.adopt(one.pk, by=by(clerk), clock=clock.now)

    def test_what_is_closed_is_not_looked_into(self, ops: User) -> None:
        one = books.discrepancy(state=CaseState.RESOLVED)
        with pytest.raises(DiscrepancyStateInvalid):
            resyncing.adopt(one.pk, by=by(ops), clock=clock.now)
        assert not ManualTask.objects.exists()

    def test_an_order_that_the_provider_does_not_have_is_disputed(self, ops: User) -> None:
        _, told = self.adopted(ops, order_id="ord_" + "0" * 32)
        assert "no such order" in told.told
        assert told.task is None

    def test_an_order_of_a_booking_of_ours_is_taken_over_by_it(self, world: World, ops: User) -> None:
        booking = Booking.objects.get(pk=bought(world).booking_id)
        one, told = self.adopted(ops, order_id=booking.order_id)
        one.refresh_from_db()
        assert one.booking_id == booking.pk
        assert told.task is None

    def test_another_partner_s_booking_is_not_named_to_a_partner(
        self, world: World, ops: User, kestrel: Partner
    ) -> None:
        booking = Booking.objects.get(pk=bought(world).booking_id)
        of = books.statement(kestrel)
        one = books.discrepancy(of, category=Class.MISSING_LOCALLY, line=books.line(of, order_id=booking.order_id))
        resyncing.adopt(one.pk, by=by(ops), clock=clock.now)
        one.refresh_from_db()
        assert one.booking_id is None
        assert not ManualTask.objects.exists()

    def test_a_stranger_s_order_is_left_to_a_person_and_nobody_is_invented(self, world: World, ops: User) -> None:
        booking = Booking.objects.get(pk=bought(world).booking_id)
        SandboxOrder.objects.update(client_reference="somebody-elses-0001")
        one, told = self.adopted(ops, order_id=booking.order_id)
        task = ManualTask.objects.get()
        assert told.task == task
        assert "names neither" in task.what
        assert Booking.objects.count() == 1
        taken(ending.close, one, ops)
        task.refresh_from_db()
        assert (task.state, task.done_by) == ("done", ops.pk)
