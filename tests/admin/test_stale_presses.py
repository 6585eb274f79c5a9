"""A press does what its page has shown, or nothing: a colleague or a worker may have been there since it was opened."""

from datetime import date

import pytest
from django.db.models import F
from django.test import Client

from bookings.booking.models import Booking
from bookings.reconciliation import services
from bookings.reconciliation.models import Discrepancy, Statement
from bookings.reconciliation.office.asking import LOOK_AGAIN
from bookings.reconciliation.refusals import StatementNotStaged
from bookings.reconciliation.resolution import ending
from bookings.reconciliation.resolution.models import Adjustment, Countersignature
from bookings.reconciliation.resolution.refusals import DiscrepancyChanged
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.models import AuditEvent
from tests.admin.finance import WHY, act, clerk, page, press, shown_by
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.scene import Clerk, csv_of
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)

SALE = {"kind": "sale", "ticket_number": "0002400000001", "currency": "EUR", "gross": "118.70"}
FEBRUARY = csv_of([SALE, {**SALE, "gross": "12.345"}])
ENDS = ("write_off", "close", "accept_theirs")


@pytest.fixture
def fay(db: None) -> tuple[User, Client]:
    return clerk("finance", "fay@movmo.example")


def sent_anew(sender: Clerk) -> Statement:
    """A colleague sends the same bytes, of another month."""
    sender.period = (date(2029, 1, 1), date(2029, 1, 31))
    return sender.reads(FEBRUARY)


class TestAStatement:
    @pytest.mark.parametrize("name", ["accept-without", "decline"])
    def test_that_was_sent_anew_is_looked_at_again(self, fay: tuple[User, Client], name: str) -> None:
        sender = Clerk()
        address = page("statement_act", sender.reads(FEBRUARY).pk, name)
        shown = shown_by(fay[1], address)
        again = sent_anew(sender)
        answer = fay[1].post(address, {"reason": WHY, **shown})
        assert answer.status_code == 422
        assert LOOK_AGAIN in answer.content.decode()
        again.refresh_from_db()
        assert (again.state, again.accepted_by, again.problem) == ("staged", None, "")
        assert not AuditEvent.objects.filter(door="office").exists()
        assert press(fay[1], address, reason=WHY).status_code == 200
        again.refresh_from_db()
        assert again.state == ("refused" if name == "decline" else "accepted")

    def test_that_is_being_read_anew_says_so(self, fay: tuple[User, Client]) -> None:
        statement = Clerk().reads(FEBRUARY)
        address = page("statement_act", statement.pk, "accept-without")
        shown = shown_by(fay[1], address)
        Statement.objects.update(state="received", fence=F("fence") + 1)
        assert "The statement is received" in fay[1].post(address, shown).content.decode()

    def test_is_told_by_the_page_that_asks(self, fay: tuple[User, Client]) -> None:
        statement = Clerk().reads(FEBRUARY)
        asked = fay[1].get(page("statement_act", statement.pk, "accept-without")).content.decode()
        assert "2027-02-01 to 2027-02-28: lines 2, bad ones 1." in asked
        assert f'<input type="hidden" name="seen" value="{statement.fence}"' in asked

    @pytest.mark.parametrize("sent", [{}, {"seen": ""}, {"seen": "all"}])
    def test_is_not_accepted_by_who_has_seen_nothing(self, fay: tuple[User, Client], sent: dict[str, str]) -> None:
        statement = Clerk().reads(FEBRUARY)
        answer = fay[1].post(page("statement_act", statement.pk, "accept-without"), sent)
        assert (answer.status_code, LOOK_AGAIN in answer.content.decode()) == (422, True)
        statement.refresh_from_db()
        assert statement.state == "staged"

    def test_the_rule_is_the_service_s(self) -> None:
        sender = Clerk()
        seen = sender.reads(FEBRUARY).fence
        again = sent_anew(sender)
        with pytest.raises(StatementNotStaged):
            services.accept(again, by=None, now=clock.now(), without_bad_lines=True, seen=seen)
        with pytest.raises(StatementNotStaged):
            services.decline(again, reason=WHY, now=clock.now(), seen=seen)
        again.refresh_from_db()
        assert again.state == "staged"
        accepted = services.accept(again, by=None, now=clock.now(), without_bad_lines=True, seen=again.fence)
        assert accepted.state == "accepted"


class TestADiscrepancy:
    def grown(self) -> None:
        """A run finds more of it: under the limit still."""
        Discrepancy.objects.update(at_risk_minor=4_900, theirs_minor=16_900, version=F("version") + 1)

    @pytest.mark.parametrize("name", ENDS)
    def test_that_has_grown_is_looked_at_again(self, fay: tuple[User, Client], name: str) -> None:
        books.rules(EUR={"write_off": 5_000})
        one = books.discrepancy()
        address = page("discrepancy_act", one.pk, name)
        shown = shown_by(fay[1], address)
        self.grown()
        answer = fay[1].post(address, {"reason": WHY, **shown})
        assert answer.status_code == 422
        assert "has changed the discrepancy meanwhile" in answer.content.decode()
        self.stays(one)
        assert act(fay[1], one, name).status_code == 200
        one.refresh_from_db()
        assert one.state in ("resolved", "written_off")

    @pytest.mark.parametrize("name", ENDS)
    def test_over_the_limit_nobody_is_asked_for_what_was_not_shown(self, fay: tuple[User, Client], name: str) -> None:
        one = books.discrepancy()
        address = page("discrepancy_act", one.pk, name)
        shown = shown_by(fay[1], address)
        self.grown()
        assert fay[1].post(address, {"reason": WHY, **shown}).status_code == 422
        self.stays(one)

    def test_that_has_changed_is_not_linked(self, fay: tuple[User, Client], world: World) -> None:
        document = books.document(Booking.objects.get(pk=world.booking().booking_id))
        statement = books.statement()
        one = books.discrepancy(statement, category="missing_locally", line_id=books.line(statement).pk)
        address = page("discrepancy_act", one.pk, "link")
        shown = shown_by(fay[1], address)
        self.grown()
        answer = fay[1].post(address, {"reason": WHY, "document": str(document.pk), **shown})
        assert "has changed the discrepancy meanwhile" in answer.content.decode()
        self.stays(one)

    @pytest.mark.parametrize("name", ENDS)
    def test_is_not_ended_by_who_has_seen_nothing(self, fay: tuple[User, Client], name: str) -> None:
        books.rules(EUR={"write_off": 5_000})
        one = books.discrepancy()
        answer = fay[1].post(page("discrepancy_act", one.pk, name), {"reason": WHY})
        assert (answer.status_code, LOOK_AGAIN in answer.content.decode()) == (422, True)
        self.stays(one)

    def test_the_rule_is_the_service_s(self, fay: tuple[User, Client]) -> None:
        books.rules(EUR={"write_off": 5_000})
        one, by, now = books.discrepancy(version=3), books.by(fay[0]), clock.now()
        for end in (ending.close, ending.accept_theirs, ending.write_off):
            with pytest.raises(DiscrepancyChanged):
                end(one.pk, reason=WHY, by=by, now=now, seen=2)
        self.stays(one)
        assert ending.close(one.pk, reason=WHY, by=by, now=now, seen=3).state == "resolved"

    def stays(self, one: Discrepancy) -> None:
        one.refresh_from_db()
        assert (one.state, one.resolution) == ("open", "")
        assert not Adjustment.objects.exists()
        assert not Countersignature.objects.exists()
