"""What payment processors tell beside sales and refunds: disputes, fees, and what is about the payout itself."""

import pytest

from bookings.booking.models import Booking
from bookings.reconciliation import queries
from bookings.reconciliation.models import Discrepancy, Format, Statement
from tests.bookings.reconciliation.scene import Clerk, Kind, classes, document

pytestmark = pytest.mark.django_db
TICKET = "0002000000001"
STRIPE = "created_utc,currency,gross,net,reporting_category,payment_metadata[booking_id]"
ADYEN = "Merchant Reference,Creation Date,Type,Gross Currency,Gross Debit (GC),Gross Credit (GC)"
ADYEN_WITH_NET = f"{ADYEN},Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC)"
MORNING = "2027-02-14 10:00:00"


def file(header: str, *rows: str) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def moved(statement: Statement) -> dict[str, int]:
    return {currency: total["moved_minor"] for currency, total in statement.totals.items()}


class TestADispute:
    @pytest.mark.parametrize("word", ["Chargeback", "SecondChargeback"])
    def test_of_adyen_is_money_that_went_back(self, word: str, booking: Booking, clerk: Clerk) -> None:
        document(booking, TICKET)
        clerk.format = Format.ADYEN
        rows = [
            f"{booking.pk},{MORNING},Settled,EUR,,118.70",
            f"{booking.pk},{MORNING},{word},EUR,118.70,",
        ]
        statement = clerk.reads(file(ADYEN, *rows), auto=True)
        assert (statement.state, statement.counts["bad"], moved(statement)) == ("reconciled", 0, {"EUR": 0})
        assert statement.totals["EUR"]["gross_minor"] == 0
        assert classes(statement.runs.get()) == {"line 3": "refund_not_reflected"}
        assert Discrepancy.objects.get().at_risk_minor == 11_870

    def test_of_stripe_too(self, booking: Booking, clerk: Clerk) -> None:
        document(booking, TICKET)
        clerk.format = Format.STRIPE
        rows = [
            f"{MORNING},eur,118.70,116.60,charge,{booking.pk}",
            f"{MORNING},eur,-118.70,-133.70,dispute,{booking.pk}",
        ]
        statement = clerk.reads(file(STRIPE, *rows), auto=True)
        assert (statement.state, statement.counts["bad"], moved(statement)) == ("reconciled", 0, {"EUR": -1_710})
        assert classes(statement.runs.get()) == {"line 3": "refund_not_reflected"}

    @pytest.mark.parametrize(
        ("format_", "content"),
        [
            (Format.ADYEN, file(ADYEN, f"{{}},{MORNING},ChargebackReversed,EUR,,118.70")),
            (Format.STRIPE, file(STRIPE, f"{MORNING},eur,118.70,118.70,dispute_reversal,{{}}")),
        ],
        ids=["adyen", "stripe"],
    )
    def test_that_was_won_restores_the_sale(
        self, format_: Format, content: bytes, booking: Booking, clerk: Clerk
    ) -> None:
        document(booking, TICKET)
        clerk.format = format_
        statement = clerk.reads(content.decode().format(booking.pk).encode(), auto=True)
        assert (statement.state, moved(statement)) == ("reconciled", {"EUR": 11_870})
        assert classes(statement.runs.get()) == {}

    def test_beside_a_refund_has_given_back_twice(self, booking: Booking, clerk: Clerk) -> None:
        document(booking, TICKET)
        document(booking, TICKET, kind=Kind.REFUND)
        clerk.format = Format.ADYEN
        rows = [
            f"{booking.pk},{MORNING},Settled,EUR,,118.70",
            f"{booking.pk},{MORNING},Refunded,EUR,118.70,",
            f"{booking.pk},{MORNING},Chargeback,EUR,118.70,",
        ]
        statement = clerk.reads(file(ADYEN, *rows), auto=True)
        assert classes(statement.runs.get()) == {"line 4": "duplicate"}


class TestAFeeOfAdyen:
    @pytest.mark.parametrize("word", ["Fee", "MiscCosts", "InvoiceDeduction", "AuthorisationSchemeFee"])
    @pytest.mark.parametrize(
        ("debit", "credit", "minor"), [("10.25", "", -1_025), ("", "250.22", 25_022), ("1.00", "3.00", 200)]
    )
    def test_has_net_columns_alone(self, word: str, debit: str, credit: str, minor: int, clerk: Clerk) -> None:
        clerk.format = Format.ADYEN
        statement = clerk.reads(file(ADYEN_WITH_NET, f",{MORNING},{word},EUR,,,,GBP,{debit},{credit}"), auto=True)
        assert (statement.state, moved(statement)) == ("reconciled", {"GBP": minor})
        line = queries.lines(statement).get()
        assert (line.kind, line.currency, line.gross_minor) == ("fee", "GBP", minor)

    def test_is_bad_without_them(self, clerk: Clerk) -> None:
        clerk.format = Format.ADYEN
        statement = clerk.reads(file(ADYEN, f",{MORNING},Fee,EUR,,"), auto=True)
        assert statement.quarantined.get().code == "gross_missing"

    def test_and_nothing_else_is_read_from_there(self, clerk: Clerk) -> None:
        clerk.format = Format.ADYEN
        statement = clerk.reads(file(ADYEN_WITH_NET, f"a,{MORNING},Settled,EUR,,,1,EUR,,4.88"), auto=True)
        assert statement.quarantined.get().code == "gross_missing"


def test_what_is_about_the_payout_itself_is_passed_over(clerk: Clerk) -> None:
    clerk.format = Format.ADYEN
    words = ("MerchantPayout", "BankInstructionReturned", "MatchedStatement", "DepositCorrection")
    rows = [f",{MORNING},{word},EUR,,,,EUR,78.93," for word in words]
    statement = clerk.reads(file(ADYEN_WITH_NET, *rows), auto=True)
    assert (statement.state, statement.counts["lines"]) == ("reconciled", 0)


def test_a_word_that_nobody_knows_is_a_bad_line(clerk: Clerk) -> None:
    clerk.format = Format.ADYEN
    statement = clerk.reads(file(ADYEN, f"a,{MORNING},PaymentCost,EUR,1.00,"), auto=True)
    bad = statement.quarantined.get()
    assert (statement.state, bad.line, bad.code) == ("staged", 2, "kind_unknown")
    assert bad.message.startswith("The word for the kind is none that the format or the mapping knows")
