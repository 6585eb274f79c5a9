"""Whoever uploads a statement does not accept it over the limit: an invented one would end what takes two to end."""

from pathlib import Path

import pytest
from django.core.management import call_command

from bookings.booking.models import Booking
from bookings.reconciliation import services
from bookings.reconciliation.models import Discrepancy, Statement
from bookings.reconciliation.refusals import StatementNeedsColleague
from bookings.reconciliation.states import CaseState, Class
from movmo.accounts.models import User
from movmo.kit import clock
from partners.partner.models import Partner
from tests.admin.finance import clerk as at_the_office
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.scene import DAY, Clerk, again, csv_of, document, line
from tests.bookings.reconciliation.test_neighbours import AFTER, BEFORE

pytestmark = pytest.mark.django_db(transaction=True)

SALE = {"kind": "sale", "ticket_number": "0002400000001", "currency": "EUR", "gross": "118.70"}
REFUND = {**SALE, "kind": "refund", "gross": "-118.70"}
FILE = csv_of([SALE])
WORTH = 11_870


@pytest.fixture
def fay(db: None) -> User:
    return at_the_office("finance", "fay@movmo.example")[0]


@pytest.fixture
def finn(db: None) -> User:
    return at_the_office("finance", "finn@movmo.example")[0]


@pytest.fixture
def hers(fay: User) -> Clerk:
    return Clerk(user_id=fay.pk)


def is_refused(statement: Statement, by: User | None) -> bool:
    """And nothing has become of it."""
    with pytest.raises(StatementNeedsColleague):
        services.accept(statement, by=by.pk if by else None, now=clock.now())
    statement.refresh_from_db()
    return (statement.state, statement.accepted_by) == ("staged", None)


class TestAnInventedStatement:
    """The provider has not billed a ticket: fay says that it did, a day later."""

    @pytest.fixture
    def missing(self, booking: Booking) -> Discrepancy:
        document(booking, "0002000000001")
        found = Clerk(period=(DAY, DAY), source=Statement.Source.PULL).compares([])
        return Discrepancy.objects.get(statement=found.statement, category=Class.MISSING_AT_PROVIDER)

    def invented(self, hers: Clerk, missing: Discrepancy, gross: str = "118.70") -> Statement:
        hers.period = (AFTER, AFTER)
        return hers.reads(csv_of([line(missing.booking.issued_documents.get(), gross=gross)]))  # type: ignore[union-attr]

    def stands(self, missing: Discrepancy) -> bool:
        again(missing.statement)
        missing.refresh_from_db()
        return missing.state == CaseState.OPEN

    def test_does_not_end_what_is_missing(self, missing: Discrepancy, hers: Clerk, fay: User, finn: User) -> None:
        books.rules(EUR={"write_off": WORTH - 1})
        told = self.invented(hers, missing)
        assert is_refused(told, fay)
        assert self.stands(missing)
        assert hers.accepts(told, by=finn.pk).state == "reconciled"
        assert not self.stands(missing)

    def test_ends_what_one_person_may_end(self, missing: Discrepancy, hers: Clerk, fay: User) -> None:
        books.rules(EUR={"write_off": WORTH})
        hers.accepts(self.invented(hers, missing), by=fay.pk)
        assert not self.stands(missing)

    def test_of_less_than_it_is_about_speaks_for_nothing(
        self, missing: Discrepancy, hers: Clerk, fay: User, finn: User
    ) -> None:
        """Else the half by the statement, and what then differs by a word, were twice the limit."""
        books.rules(EUR={"write_off": WORTH // 2})
        hers.accepts(self.invented(hers, missing, "59.35"), by=fay.pk)
        assert self.stands(missing)

    def test_of_less_that_two_have_looked_at_does(
        self, missing: Discrepancy, hers: Clerk, fay: User, finn: User
    ) -> None:
        hers.accepts(self.invented(hers, missing, "59.35"), by=finn.pk)
        assert not self.stands(missing)

    def test_of_a_partner_speaks_for_nothing_of_ours(self, missing: Discrepancy, aviare: Partner) -> None:
        Booking.objects.update(partner=aviare)
        key = Clerk(partner=aviare)
        assert key.accepts(self.invented(key, missing)).state == "reconciled"
        assert self.stands(missing)


class TestTheLimit:
    @pytest.mark.parametrize(
        "limits",
        [{}, {"EUR": {"write_off": WORTH - 1}}, {"USD": {"write_off": WORTH}}, {"*": {"write_off": WORTH - 1}}],
        ids=["none", "less", "of another currency", "of all others"],
    )
    def test_over_it_a_colleague_accepts(
        self, hers: Clerk, fay: User, finn: User, limits: dict[str, dict[str, int]]
    ) -> None:
        books.rules(**limits)
        statement = hers.reads(FILE)
        assert is_refused(statement, fay)
        assert is_refused(statement, None), "nobody is no second person"
        assert hers.accepts(statement, by=finn.pk).state == "reconciled"

    @pytest.mark.parametrize("currency", ["EUR", "*"])
    def test_up_to_it_one_person_does(self, hers: Clerk, fay: User, currency: str) -> None:
        books.rules(**{currency: {"write_off": WORTH}})
        statement = hers.accepts(hers.reads(FILE), by=fay.pk)
        assert (statement.state, statement.accepted_by) == ("reconciled", fay.pk)

    def test_is_told_with_what_the_statement_comes_to(self, hers: Clerk, fay: User) -> None:
        books.rules(EUR={"write_off": 5_000})
        with pytest.raises(StatementNeedsColleague) as refusal:
            hers.accepts(hers.reads(FILE), by=fay.pk)
        assert "come to 118.70 EUR. Over 50.00 EUR" in refusal.value.text
        assert "A colleague" in refusal.value.hint

    def test_a_sale_and_its_refund_are_not_nothing(self, hers: Clerk, fay: User) -> None:
        books.rules(EUR={"write_off": 2 * WORTH - 1})
        statement = hers.reads(csv_of([SALE, REFUND]))
        assert (statement.totals["EUR"]["gross_minor"], statement.totals["EUR"]["turnover_minor"]) == (0, 2 * WORTH)
        assert is_refused(statement, fay)

    def test_each_currency_has_its_own(self, hers: Clerk, fay: User) -> None:
        books.rules(EUR={"write_off": WORTH}, JPY={"write_off": 100})
        assert is_refused(hers.reads(csv_of([SALE, {**SALE, "currency": "JPY", "gross": "101"}])), fay)
        one = hers.reads(csv_of([SALE, {**SALE, "currency": "JPY", "gross": "100"}]))
        assert hers.accepts(one, by=fay.pk).state == "reconciled"

    def test_that_was_lowered_meanwhile_is_the_one_that_counts(self, hers: Clerk, fay: User, finn: User) -> None:
        """Between the word and the worker."""
        books.rules(EUR={"write_off": WORTH})
        statement = services.accept(hers.reads(FILE), by=fay.pk, now=clock.now())
        books.rules(EUR={"write_off": WORTH - 1})
        statement = services.advance(statement.pk, clock=clock.now)
        assert (statement.state, statement.runs.count()) == ("staged", 0)
        with pytest.raises(StatementNeedsColleague):
            services.accept(statement, by=fay.pk, now=clock.now())
        assert hers.accepts(statement, by=finn.pk).state == "reconciled"


class TestAWordBeforehand:
    """`auto_accept` is that of whoever uploads it."""

    def test_goes_up_to_the_limit(self, hers: Clerk) -> None:
        books.rules(EUR={"write_off": WORTH})
        assert hers.reads(FILE, auto=True).state == "reconciled"

    def test_goes_no_further(self, hers: Clerk, fay: User) -> None:
        books.rules(EUR={"write_off": WORTH - 1})
        statement = hers.reads(FILE, auto=True)
        assert (statement.runs.count(), Discrepancy.objects.count()) == (0, 0)
        assert is_refused(statement, fay)


class TestSentAgain:
    def test_with_the_same_words_it_is_still_the_first_one_s(self, hers: Clerk, fay: User, finn: User) -> None:
        statement = hers.reads(FILE)
        assert Clerk(user_id=finn.pk).reads(FILE) == statement
        assert is_refused(statement, fay)
        assert hers.accepts(statement, by=finn.pk).state == "reconciled"

    def test_with_others_it_is_theirs_who_said_them(self, hers: Clerk, fay: User, finn: User) -> None:
        hers.reads(FILE)
        statement = Clerk(user_id=finn.pk, period=(BEFORE, AFTER)).reads(FILE)
        assert is_refused(statement, finn)
        assert hers.accepts(statement, by=fay.pk).state == "reconciled"

    def test_after_a_colleague_s_word_it_waits_for_another(self, hers: Clerk, fay: User, finn: User) -> None:
        """What finn has accepted was locked, and came back to be looked at."""
        statement = services.accept(hers.reads(FILE), by=finn.pk, now=clock.now())
        Statement.objects.filter(pk=statement.pk).update(state="staged")
        hers.period = (BEFORE, AFTER)
        assert is_refused(hers.reads(FILE), fay)


class TestWhoIsNotAskedFor:
    """A partner's key is not: see above."""

    def test_a_pull_is_the_provider_s_word(self, fay: User) -> None:
        asked = Clerk(user_id=fay.pk, source=Statement.Source.PULL)
        assert asked.reads(FILE, auto=True).state == "reconciled"
        bad = asked.reads(csv_of([SALE, {**SALE, "gross": "1.234"}]), auto=True)
        assert asked.accepts(bad, without_bad_lines=True, by=fay.pk).state == "reconciled"

    def test_an_operator_is_a_person_beside_the_clerk(self, fay: User, tmp_path: Path) -> None:
        (tmp_path / "february.csv").write_bytes(FILE)
        call_command("import_statement", "sandbox", str(tmp_path / "february.csv"), "2027-02-01", "2027-02-28")
        statement = services.advance(Statement.objects.get().pk, clock=clock.now)
        assert Clerk().accepts(statement, by=fay.pk).state == "reconciled"
