"""Whatever ends a discrepancy takes a second person over the limit, and so does whatever lets more pass than before."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bookings.booking.models import Booking
from bookings.reconciliation.lock import services as locking
from bookings.reconciliation.models import Discrepancy, Stream
from bookings.reconciliation.refusals import PeriodLocked
from bookings.reconciliation.resolution import countersigning, ending, resyncing, services
from bookings.reconciliation.resolution.models import Adjustment, Countersignature, HandLink
from bookings.reconciliation.resolution.refusals import (
    AskedAlready,
    ChangedSinceAsked,
    DiscrepancyStateInvalid,
    LinkImpossible,
    LockInvalid,
    NotForPartners,
    NothingToSign,
    SamePerson,
    SigningReserved,
)
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.states import CaseState, Class
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.models import AuditEvent
from partners.partner.models import Partner
from tests.admin.finance import clerk
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by
from tests.bookings.reconciliation.scene import Clerk, Kind, document, line
from tests.bookings.reconciliation.trade import bought
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "the airline has explained it"
ENDS: dict[Callable[..., Any], tuple[CaseState, str]] = {
    ending.close: (CaseState.RESOLVED, "closed"),
    ending.accept_theirs: (CaseState.RESOLVED, "accepted_theirs"),
    ending.write_off: (CaseState.WRITTEN_OFF, "written_off"),
}
every_end = pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)


@pytest.fixture
def fay(db: None) -> User:
    return clerk("finance", "fay@movmo.example")[0]


@pytest.fixture
def finn(db: None) -> User:
    return clerk("finance", "finn@movmo.example")[0]


def taken(step: Callable[..., Any], one: Discrepancy, who: User, **more: Any) -> Any:
    return step(one.pk, reason=WHY, by=by(who), now=clock.now(), **more)


def signed(asked: Countersignature, who: User) -> Countersignature:
    return countersigning.sign(asked.pk, reason=WHY, by=by(who), now=clock.now())


def declined(asked: Countersignature, who: User) -> Countersignature:
    return countersigning.decline(asked.pk, reason=WHY, by=by(who), now=clock.now())


def stands(one: Discrepancy) -> bool:
    one.refresh_from_db()
    return one.state == CaseState.OPEN and not Adjustment.objects.exists() and not HandLink.objects.exists()


def pulled(booking: Booking, **told: str) -> Discrepancy:
    """What a run finds of the booking's order, which the provider tells otherwise."""
    day, total = booking.created_at.date(), {"currency": booking.currency, "gross": booking.total.amount}
    order = {"kind": "sale", "order_id": booking.order_id, "status": booking.state, **total, **told}
    Clerk(stream=Stream.ORDERS, period=(day, day)).compares([order], header=list(order))
    return Discrepancy.objects.get()


class TestAnEnd:
    @every_end
    def test_up_to_the_limit_is_one_person_s(self, fay: User, end: Callable[..., Any]) -> None:
        books.rules(EUR={"write_off": 100})
        after = taken(end, books.discrepancy(), fay)
        assert (after.state, after.resolution) == ENDS[end]
        assert not Countersignature.objects.exists()

    @every_end
    @pytest.mark.parametrize("limits", [{}, {"EUR": {"write_off": 99}}, {"USD": {"write_off": 500}}])
    def test_over_it_is_two_people_s(
        self, fay: User, finn: User, end: Callable[..., Any], limits: dict[str, dict[str, int]]
    ) -> None:
        books.rules(**limits)
        one = books.discrepancy()
        asked = taken(end, one, fay)
        assert stands(one)
        signed(asked, finn)
        one.refresh_from_db()
        assert (one.state, one.resolution) == ENDS[end]
        assert Adjustment.objects.count() == (end is ending.accept_theirs)
        lines = AuditEvent.objects.filter(resource_id=one.pk).order_by("id").values_list("operation", "user_id")
        name = end.__name__
        assert list(lines) == [
            (f"ask_to_{name}", fay.pk),
            (f"{name}_signed", finn.pk),
            (f"discrepancy_{name}", finn.pk),
        ]

    @every_end
    def test_what_is_worth_nothing_is_one_person_s(
        self, book: Callable[..., Booking], fay: User, end: Callable[..., Any]
    ) -> None:
        one = pulled(book(total_minor=0), status="cancelled")
        assert (one.category, one.at_risk_minor) == (Class.STATUS_MISMATCH, 0)
        assert taken(end, one, fay).state == ENDS[end][0]

    @every_end
    def test_an_order_that_is_over_there_is_worth_all_of_it(
        self, booking: Booking, fay: User, finn: User, end: Callable[..., Any]
    ) -> None:
        """Though both sides tell the same price."""
        one = pulled(booking, status="cancelled")
        asked = taken(end, one, fay)
        assert stands(one)
        assert asked.amount == booking.total
        signed(asked, finn)
        one.refresh_from_db()
        assert (one.state, one.resolution) == ENDS[end]

    @every_end
    def test_nobody_signs_what_they_asked_for(self, fay: User, end: Callable[..., Any]) -> None:
        one = books.discrepancy()
        asked = taken(end, one, fay)
        for decide in (signed, declined):
            with pytest.raises(SamePerson):
                decide(asked, fay)
        with pytest.raises(IntegrityError), transaction.atomic():
            Countersignature.objects.filter(pk=asked.pk).update(state="signed", decided_by=fay.pk)
        assert stands(one)

    def test_who_may_not_sign_does_not(self, fay: User) -> None:
        one = books.discrepancy()
        asked = taken(ending.close, one, fay)
        for who in (clerk("support", "sue@movmo.example")[0], clerk("security", "sid@movmo.example")[0]):
            for decide in (signed, declined):
                with pytest.raises(SigningReserved):
                    decide(asked, who)
        assert stands(one)

    def test_of_several_ways_one_is_asked_for_and_decided_once(self, fay: User, finn: User) -> None:
        one = books.discrepancy()
        asked = taken(ending.write_off, one, fay)
        for end in ENDS:
            with pytest.raises(AskedAlready):
                taken(end, one, finn)
        declined(asked, finn)
        with pytest.raises(NothingToSign) as refusal:
            signed(asked, finn)
        assert "was declined already" in refusal.value.text
        assert stands(one)
        taken(ending.close, one, finn)

    @every_end
    def test_it_is_not_signed_as_something_else(self, fay: User, finn: User, end: Callable[..., Any]) -> None:
        """A run may find it otherwise, and a colleague may have disputed it with the airline."""
        one = books.discrepancy()
        asked = taken(end, one, fay)
        taken(services.dispute, one, finn)
        with pytest.raises(ChangedSinceAsked):
            signed(asked, finn)
        one.refresh_from_db()
        assert (one.state, Adjustment.objects.count()) == (CaseState.DISPUTED, 0)
        asked.refresh_from_db()
        assert asked.state == "asked"
        declined(asked, finn)
        assert taken(end, one, fay).version == one.version

    def test_what_ended_meanwhile_is_not_ended_again(self, fay: User, finn: User) -> None:
        one = books.discrepancy()
        asked = taken(ending.write_off, one, fay)
        books.rules(EUR={"write_off": 100})
        taken(ending.close, one, fay)
        with pytest.raises(DiscrepancyStateInvalid):
            signed(asked, finn)
        asked.refresh_from_db()
        assert asked.state == "asked"

    def test_a_booking_that_was_found_meanwhile_is_something_else(self, world: World, fay: User, finn: User) -> None:
        booking, of = Booking.objects.get(pk=bought(world).booking_id), books.statement()
        one = books.discrepancy(of, category=Class.MISSING_LOCALLY, line=books.line(of, order_id=booking.order_id))
        asked = taken(ending.accept_theirs, one, fay)
        resyncing.adopt(one.pk, by=by(fay), clock=clock.now)
        with pytest.raises(ChangedSinceAsked):
            signed(asked, finn)

    @every_end
    def test_a_partner_s_key_is_no_person(self, aviare: Partner, end: Callable[..., Any]) -> None:
        one, key = books.discrepancy(books.statement(aviare)), By(partner_id=aviare.pk)
        with pytest.raises(NotForPartners):
            end(one.pk, reason=WHY, by=key, now=clock.now())
        assert stands(one)
        books.rules(EUR={"write_off": 100})
        if end is ending.write_off:
            with pytest.raises(NotForPartners):
                end(one.pk, reason=WHY, by=key, now=clock.now())
        else:
            assert end(one.pk, reason=WHY, by=key, now=clock.now()).state == CaseState.RESOLVED


class TestAcrossCurrencies:
    """What is at risk is told in theirs: 5000 JPY within its limit may stand for 5000.00 EUR of ours."""

    @pytest.fixture(autouse=True)
    def limit(self, db: None) -> None:
        books.rules(**{"*": {"write_off": 5_000}})

    @pytest.fixture
    def slip(self, booking: Booking) -> Discrepancy:
        refund = document(booking, "0002000000009", kind=Kind.REFUND, amount_minor=500_000, tax_minor=None)
        Clerk().compares([line(refund, currency="JPY", gross="-5000")])
        return Discrepancy.objects.get()

    @every_end
    def test_an_end_takes_two_people(self, slip: Discrepancy, fay: User, finn: User, end: Callable[..., Any]) -> None:
        assert (slip.category, slip.at_risk_minor, slip.currency) == (Class.CURRENCY_MISMATCH, 5_000, "JPY")
        asked = taken(end, slip, fay)
        assert stands(slip)
        signed(asked, finn)
        slip.refresh_from_db()
        assert (slip.state, slip.resolution) == ENDS[end]

    def test_so_does_a_link(self, slip: Discrepancy, fay: User) -> None:
        assert isinstance(taken(ending.link, slip, fay, document="0002000000009"), Countersignature)
        assert stands(slip)

    @every_end
    def test_so_it_does_of_an_order_that_is_over_there(
        self, booking: Booking, fay: User, end: Callable[..., Any]
    ) -> None:
        one = pulled(booking, status="cancelled", currency="JPY", gross="1")
        assert (one.category, one.at_risk_minor, one.currency) == (Class.STATUS_MISMATCH, 1, "JPY")
        assert isinstance(taken(end, one, fay), Countersignature)
        assert stands(one)

    @every_end
    def test_a_partner_s_key_ends_none(self, aviare: Partner, end: Callable[..., Any]) -> None:
        one = books.discrepancy(books.statement(aviare), category=Class.CURRENCY_MISMATCH, theirs_currency="JPY")
        with pytest.raises(NotForPartners):
            end(one.pk, reason=WHY, by=By(partner_id=aviare.pk), now=clock.now())
        assert stands(one)


class TestALink:
    """Until the next run it is a person's word alone that the line agrees with the document."""

    @pytest.fixture
    def ticket(self, world: World) -> Any:
        return books.document(Booking.objects.get(pk=bought(world).booking_id))

    @pytest.fixture
    def ghost(self) -> Discrepancy:
        of = books.statement()
        return books.discrepancy(of, category=Class.MISSING_LOCALLY, at_risk_minor=12_100, line=books.line(of))

    def test_takes_two_people_over_the_limit(self, ghost: Discrepancy, ticket: Any, fay: User, finn: User) -> None:
        asked = taken(ending.link, ghost, fay, document=ticket.number)
        assert stands(ghost)
        signed(asked, finn)
        ghost.refresh_from_db()
        assert (ghost.resolution, ghost.booking_id, HandLink.objects.get().document_id) == (
            "linked",
            ticket.booking_id,
            ticket.pk,
        )

    def test_what_was_linked_meanwhile_is_not_linked_twice(
        self, ghost: Discrepancy, ticket: Any, fay: User, finn: User
    ) -> None:
        asked = taken(ending.link, ghost, fay, document=ticket.number)
        other = books.discrepancy(ghost.statement, line=books.line(ghost.statement, 3), at_risk_minor=0)
        taken(ending.link, other, finn, document=ticket.number)
        with pytest.raises(LinkImpossible):
            signed(asked, finn)
        ghost.refresh_from_db()
        assert ghost.state == CaseState.OPEN


class TestALockedPeriod:
    @every_end
    def test_stays_as_it_is(self, fay: User, end: Callable[..., Any]) -> None:
        books.rules(EUR={"write_off": 100})
        one = books.discrepancy()
        books.lock()
        with pytest.raises(PeriodLocked):
            taken(end, one, fay)
        assert stands(one)
        assert not Countersignature.objects.exists()
        taken(services.investigate, one, fay)

    @every_end
    def test_is_not_signed_into(self, fay: User, finn: User, end: Callable[..., Any]) -> None:
        one = books.discrepancy()
        asked = taken(end, one, fay)
        books.lock()
        with pytest.raises(PeriodLocked):
            signed(asked, finn)
        assert stands(one)

    def test_is_unlocked_by_two_people(self, fay: User, finn: User) -> None:
        books.rules(EUR={"write_off": 100})
        one = books.discrepancy()
        made = locking.lock("sandbox", books.DAY, books.DAY, reason=WHY, by=by(fay), now=clock.now())
        asked = locking.ask_to_unlock(made.pk, reason=WHY, by=by(fay), now=clock.now())
        with pytest.raises(AskedAlready):
            locking.ask_to_unlock(made.pk, reason=WHY, by=by(finn), now=clock.now())
        with pytest.raises(SamePerson):
            signed(asked, fay)
        with pytest.raises(PeriodLocked):
            taken(ending.close, one, fay)
        signed(asked, finn)
        made.refresh_from_db()
        assert made.unlocked_by == finn.pk
        taken(ending.close, one, fay)

    def test_is_locked_once(self, fay: User) -> None:
        books.lock()
        with pytest.raises(LockInvalid):
            locking.lock("sandbox", books.DAY, books.DAY, reason=WHY, by=by(fay), now=clock.now())
