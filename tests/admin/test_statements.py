"""A statement in the back office: sent in, looked at, accepted or not, compared again."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bookings.reconciliation import services
from bookings.reconciliation.models import Discrepancy, Run, Statement
from movmo.accounts.models import User
from movmo.kit import clock
from tests.admin.finance import WHY, clerk, page, press
from tests.bookings.reconciliation import books
from tests.office import entered

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "kind,ticket_number,currency,gross\n"


@pytest.fixture
def fay(db: None) -> tuple[User, Client]:
    return clerk("finance", "fay@movmo.example")


@pytest.fixture
def finn(db: None) -> tuple[User, Client]:
    return clerk("finance", "finn@movmo.example")


@pytest.fixture(autouse=True)
def limit(db: None) -> None:
    """Up to what fay accepts her own; nearly all files here are of no more."""
    books.rules(EUR={"write_off": 11_870})


class TestAnUpload:
    def sent(self, office: Client, content: bytes, **typed: str) -> Any:
        form = {
            "provider": "sandbox", "format": "csv", "mapping": "", "period_start": "2027-02-28",
            "period_end": "2027-02-28", "file": SimpleUploadedFile("february.csv", content), **typed,
        }  # fmt: skip
        return office.post(page("statement_upload"), form, follow=True)

    def read(self) -> Statement:
        statement = Statement.objects.get()
        return services.advance(statement.pk, clock=clock.now)

    def test_is_looked_at_and_accepted(self, fay: tuple[User, Client]) -> None:
        good = HEADER + "sale,0002400000001,EUR,118.70\n# lines 1\n"
        assert "was received" in self.sent(fay[1], good.encode()).content.decode()
        statement = self.read()
        shown = fay[1].get(page("statement_change", statement.pk)).content.decode()
        assert '<td class="cases-number">118.70</td>' in shown
        press(fay[1], page("statement_act", statement.pk, "accept"))
        statement = self.read()
        assert statement.state == "reconciled"
        assert statement.accepted_by == fay[0].pk
        assert Discrepancy.objects.get().category == "missing_locally"
        answer = fay[1].post(page("statement_act", statement.pk, "compare"), follow=True).content.decode()
        assert "A worker compares it now" in answer
        assert "data-under-way" in answer
        assert page("statement_act", statement.pk, "compare") not in answer
        self.read()
        run = Run.objects.order_by("number")[1]
        assert (run.state, run.new, run.same, run.started_by) == ("done", 0, 1, fay[0].pk)
        assert ">118.70</td>" in fay[1].get(page("run_change", run.pk)).content.decode()

    def test_totals_tie_and_what_is_different_is_shown(self, fay: tuple[User, Client]) -> None:
        self.sent(fay[1], (HEADER + "sale,0002400000001,EUR,118.70\n# lines 1\n").encode())
        statement = self.read()
        press(fay[1], page("statement_act", statement.pk, "accept"))
        first = self.read().runs.get()
        shown = fay[1].get(page("run_change", first.pk)).content.decode()
        assert "all that it found is new" in shown
        assert ">all together</td>" in shown
        assert ">yes</td>" in shown
        totals = {**first.totals["EUR"], "theirs": 11_871}
        Run.objects.filter(pk=first.pk).update(totals={"EUR": totals})
        assert ">no</td>" in fay[1].get(page("run_change", first.pk)).content.decode()
        Discrepancy.objects.update(theirs={"amount_minor": 11_000, "currency": "EUR", "kind": "sale"})
        fay[1].post(page("statement_act", statement.pk, "compare"))
        self.read()
        shown = fay[1].get(page("run_change", statement.runs.get(number=2).pk)).content.decode()
        assert "amount, theirs: 110.00 EUR → 118.70 EUR" in shown

    def test_over_the_limit_is_left_to_a_colleague_and_says_so(
        self, fay: tuple[User, Client], finn: tuple[User, Client]
    ) -> None:
        self.sent(fay[1], (HEADER + "sale,0002400000001,EUR,118.71\n# lines 1\n").encode())
        statement = self.read()
        change, accept = page("statement_change", statement.pk), page("statement_act", statement.pk, "accept")
        shown = fay[1].get(change).content.decode()
        assert "You uploaded it. Its lines come to 118.71 EUR. Over 118.70 EUR" in shown
        assert "A colleague has to look at it and accept it" in shown
        assert (f'"{accept}"' in shown, page("statement_act", statement.pk, "decline") in shown) == (False, True)
        answer = press(fay[1], accept)
        assert (answer.status_code, "A colleague has to look at it" in answer.content.decode()) == (422, True)
        assert self.read().state == "staged"
        shown = finn[1].get(change).content.decode()
        assert (f'"{accept}"' in shown, "You uploaded it" in shown, "fay@movmo.example" in shown) == (True, False, True)
        press(finn[1], accept)
        assert self.read().state == "reconciled"
        assert "finn@movmo.example" in fay[1].get(change).content.decode()

    def test_the_same_file_again_is_said_to_be_here(self, fay: tuple[User, Client]) -> None:
        content = (HEADER + "sale,0002400000001,EUR,118.70\n# lines 1\n").encode()
        assert "was received" in self.sent(fay[1], content).content.decode()
        again = self.sent(fay[1], content).content.decode()
        assert "is here already" in again
        assert "was received" not in again
        assert Statement.objects.count() == 1

    def test_that_was_cut_off_is_told_by_its_number_of_lines(self, fay: tuple[User, Client]) -> None:
        content = b"Merchant Reference,Type,Gross Currency,Gross Debit (GC),Gross Credit (GC)\na,Settled,EUR,,118.70\n"
        assert "Number of lines" in fay[1].get(page("statement_upload")).content.decode()
        self.sent(fay[1], content, format="adyen", lines="2")
        statement = self.read()
        assert (statement.state, statement.problem_code) == ("refused", "statement_unreadable")
        assert "there are 1 lines" in fay[1].get(page("statement_change", statement.pk)).content.decode()
        self.sent(fay[1], content, format="adyen", lines="1")
        assert self.read().state == "staged"

    def test_a_page_renews_itself_while_a_worker_has_it(self, fay: tuple[User, Client]) -> None:
        sent = self.sent(fay[1], (HEADER + "sale,0002400000001,EUR,118.70\n# lines 1\n").encode())
        assert "data-under-way" in sent.content.decode()
        shown = fay[1].get(page("statement_change", self.read().pk)).content.decode()
        assert "data-under-way" not in shown

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            ("sale,1,EUR,-1.00\n", "has the wrong sign for the kind sale"),
            ("sale,1,EUR,1.005\n", "has more than the 2 decimals of EUR"),
            ("sale,1,QQQ,1.00\n", "currency &quot;QQQ&quot; is not in ISO 4217"),
            ("sale,1,EUR\n", "The line has 3 columns, and the header has 4"),
            ("sale,M\xfcller,EUR,1.00\n", "perhaps it is Latin-1"),
        ],
        ids=["sign", "decimals", "currency", "columns", "latin-1"],
    )
    def test_a_bad_line_is_told_by_its_number(self, fay: tuple[User, Client], lines: str, words: str) -> None:
        content = b"\xef\xbb\xbf" + (HEADER + "sale,2,EUR,1.00\n" + lines + "# lines 2\n").encode("latin-1")
        self.sent(fay[1], content)
        statement = self.read()
        assert (statement.state, statement.counts["bad"]) == ("staged", 1)
        shown = fay[1].get(page("statement_change", statement.pk)).content.decode()
        assert words in shown
        assert '<th scope="row" class="cases-number">3</th>' in shown
        assert page("statement_act", statement.pk, "accept") + '"' not in shown

    def test_of_many_bad_lines_the_first_are_shown_and_all_are_counted(self, fay: tuple[User, Client]) -> None:
        self.sent(fay[1], (HEADER + "sale,1,QQQ,1.00\n" * 103 + "# lines 103\n").encode())
        shown = fay[1].get(page("statement_change", self.read().pk)).content.decode()
        assert "The first 100 of 103." in shown

    def test_one_that_does_not_tie_is_refused_and_says_by_how_much(self, fay: tuple[User, Client]) -> None:
        ledger = "# opening EUR 0.00\n# closing EUR 120.00\n"
        self.sent(fay[1], (HEADER + "sale,0002400000001,EUR,118.70\n# lines 1\n" + ledger).encode())
        statement = self.read()
        shown = fay[1].get(page("statement_change", statement.pk)).content.decode()
        assert statement.state == "refused"
        assert "make 118.70, and the statement closes at 120.00" in shown
        assert "Nothing that you may do" in shown

    def test_bad_lines_are_named_and_left_out_only_on_a_word(self, fay: tuple[User, Client]) -> None:
        lines = "sale,0002400000001,EUR,118.70\nsale,0002400000002,EUR,12.345\n# lines 2\n"
        self.sent(fay[1], (HEADER + lines).encode())
        statement = self.read()
        shown = fay[1].get(page("statement_change", statement.pk)).content.decode()
        assert "Accept without its bad lines" in shown
        assert '<th scope="row" class="cases-number">3</th>' in shown
        press(fay[1], page("statement_act", statement.pk, "accept"))
        statement.refresh_from_db()
        assert statement.state == "staged"
        press(fay[1], page("statement_act", statement.pk, "accept-without"))
        assert self.read().state == "reconciled"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "submitted file is empty"),
            ((HEADER + "sale,1,EUR,1.00\n").encode(), "cut off"),
            (HEADER.replace(",", ";").encode() + b"# lines 0\n", "a semicolon"),
            (b"\x1f\x8bno gzip at all", "is none, or was cut off"),
        ],
        ids=["empty", "truncated", "delimiter", "gzip"],
    )
    def test_what_is_of_no_use_is_said_and_not_kept(self, fay: tuple[User, Client], content: bytes, words: str) -> None:
        answer = self.sent(fay[1], content)
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert not Statement.objects.exists()

    def test_too_long_a_file_is_refused_before_it_is_read(self, fay: tuple[User, Client]) -> None:
        answer = fay[1].post(page("statement_upload"), {}, headers={"Content-Length": str(2 * 1024**3)})
        assert answer.status_code == 413
        assert "Split the statement" in answer.content.decode()

    def test_a_form_from_elsewhere_is_refused(self, fay: tuple[User, Client]) -> None:
        strict = Client(enforce_csrf_checks=True)
        entered(strict, fay[0])
        assert self.sent(strict, HEADER.encode() + b"# lines 0\n").status_code == 403
        assert not Statement.objects.exists()

    def test_it_may_be_declined(self, fay: tuple[User, Client]) -> None:
        self.sent(fay[1], (HEADER + "sale,0002400000001,EUR,118.70\n# lines 1\n").encode())
        statement = self.read()
        press(fay[1], page("statement_act", statement.pk, "decline"), reason=WHY)
        statement.refresh_from_db()
        assert (statement.state, statement.problem) == ("refused", WHY)
