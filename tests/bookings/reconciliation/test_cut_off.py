"""A file that was cut off at a line's end: its own control record tells, or what its sender says beside it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from bookings.reconciliation import services
from bookings.reconciliation.models import Format, Statement
from bookings.reconciliation.refusals import StatementUnreadable
from movmo.kit import clock
from movmo.kit.errors import InvalidArguments
from tests.bookings.reconciliation.scene import Clerk, csv_of
from tests.bookings.reconciliation.test_door import advanced, sent
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)
ADYEN = "Merchant Reference,Type,Gross Currency,Gross Debit (GC),Gross Credit (GC)\n"
WHOLE = f"{ADYEN}a,Settled,EUR,,118.70\nb,Refunded,EUR,18.70,\n,MerchantPayout,EUR,100.00,\n"
CUT = WHOLE[: WHOLE.index(",MerchantPayout")]
SALE = {"kind": "sale", "order_id": "ord_1", "currency": "EUR", "gross": "118.70"}
LEDGER: dict[str, Any] = {"opening": {"EUR": "5.00"}, "closing": {"EUR": "105.00"}}


def adyen(world: World, text: str, **told: Any) -> Any:
    return advanced(sent(world, text, format="adyen", **told), world)


class TestAtThePartnersDoor:
    def test_the_lines_are_counted(self, world: World) -> None:
        assert adyen(world, WHOLE, lines=3).status == "staged"
        cut = adyen(world, CUT, lines=3)
        assert (cut.status, cut.problem_code) == ("refused", "statement_unreadable")
        assert "there are 2 lines, and its control record counts 3" in cut.problem

    def test_balances_tie(self, world: World) -> None:
        assert adyen(world, WHOLE, **LEDGER).totals["EUR"]["ties"] is True
        cut = adyen(world, CUT[: CUT.index("b,Refunded")], **LEDGER)
        assert (cut.status, cut.problem_code) == ("refused", "statement_does_not_tie")

    def test_a_count_that_comes_later_is_heeded(self, world: World) -> None:
        first = adyen(world, CUT)
        assert first.status == "staged"
        again = adyen(world, CUT, lines=3)
        assert (again.statement_id, again.status) == (first.statement_id, "refused")
        mended = adyen(world, CUT, lines=2)
        assert (mended.statement_id, mended.status) == (first.statement_id, "staged")
        same = sent(world, CUT, format="adyen", lines=2)
        assert same.status == "staged"

    @pytest.mark.parametrize(
        "told",
        [
            {"lines": -1},
            {"lines": 10**9},
            {"opening": {"eur": "1.00"}, "closing": {"eur": "1.00"}},
            {"opening": {"EUR": "1,00"}, "closing": {"EUR": "1.00"}},
        ],
    )
    def test_what_is_no_count_and_no_balance_is_refused(self, told: dict[str, Any], world: World) -> None:
        with pytest.raises(InvalidArguments):
            sent(world, WHOLE, format="adyen", **told)

    @pytest.mark.parametrize(
        ("told", "words"),
        [
            ({"opening": {"EUR": "1.00"}}, "told together"),
            ({"opening": {"EUR": "1.005"}, "closing": {"EUR": "1.00"}}, "1.005"),
            ({"opening": {"QQQ": "1.00"}, "closing": {"QQQ": "1.00"}}, "QQQ"),
        ],
    )
    def test_half_a_ledger_is_refused(self, told: dict[str, Any], words: str, world: World) -> None:
        with pytest.raises(StatementUnreadable, match=words):
            sent(world, WHOLE, format="adyen", **told)
        assert not Statement.objects.exists()


class TestOfOurCsv:
    def test_what_the_file_says_is_told_the_same(self, clerk: Clerk) -> None:
        clerk.control = {"lines": 2}
        with pytest.raises(StatementUnreadable, match="lines is told beside the file, and not as in it"):
            clerk.sends(csv_of([SALE]))
        clerk.control = {"lines": 1}
        assert clerk.reads(csv_of([SALE])).state == "staged"

    def test_its_balances_too(self, clerk: Clerk) -> None:
        ledger = "# opening EUR 0.00\n# closing EUR 118.70"
        clerk.control = {"opening": {"EUR": "0.00"}, "closing": {"EUR": "118.71"}}
        with pytest.raises(StatementUnreadable, match="closing is told beside the file"):
            clerk.sends(csv_of([SALE], ledger=ledger))


def test_by_the_command(tmp_path: Path) -> None:
    file = tmp_path / "february.csv"
    file.write_text(CUT)
    call_command("import_statement", "sandbox", str(file), "2027-02-01", "2027-02-28", "--format=adyen", "--lines=3")
    statement = services.advance(Statement.objects.get().pk, clock=clock.now)
    assert (statement.state, statement.problem_code) == ("refused", "statement_unreadable")


def test_what_was_taken_over_is_not_read_anew(clerk: Clerk) -> None:
    clerk.format = Format.ADYEN
    first = clerk.reads(CUT.encode(), auto=True)
    clerk.control = {"lines": 3}
    again = clerk.sends(CUT.encode(), auto=True)
    assert (again.pk, again.state, again.fence) == (first.pk, "reconciled", first.fence)
