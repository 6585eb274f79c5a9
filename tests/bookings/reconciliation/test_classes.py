"""What is wrong between a statement and our side: each class is found, by the line or document that it is about."""

from collections.abc import Callable
from typing import Any

import pytest

from bookings.booking.models import Booking
from bookings.reconciliation import queries
from bookings.reconciliation.models import Discrepancy, Format, Rules, Stream
from movmo.kit import clock
from movmo.kit.money import exponent
from tests.bookings.reconciliation.scene import DAY, Clerk, Kind, again, classes, document, line, ties

pytestmark = pytest.mark.django_db
TICKET = "0002000000001"


@pytest.mark.parametrize(
    ("told", "class_"),
    [
        ({"gross": "118.71"}, "amount_mismatch"),
        ({"tax": "18.69"}, "tax_mismatch"),
        ({"currency": "USD"}, "currency_mismatch"),
        ({"kind": "adm"}, "adm"),
        ({"kind": "acm", "gross": "-5.00"}, "acm"),
        ({"kind": "refund", "gross": "-118.70"}, "refund_not_reflected"),
        ({"kind": "void", "gross": "-118.70"}, "void_not_reflected"),
        ({"ticket_number": "0002000000099"}, "ticket_missing"),
        ({"order_id": "ord_ghost", "ticket_number": "9992000000001"}, "missing_locally"),
    ],
)
def test_a_line_that_differs(told: dict[str, str], class_: str, booking: Booking, clerk: Clerk) -> None:
    run = clerk.compares([line(document(booking, TICKET), **told)])
    assert classes(run)["line 2"] == class_
    assert ties(run)


def test_fees_are_compared_where_both_tell_them(booking: Booking, clerk: Clerk) -> None:
    run = clerk.compares([line(document(booking, TICKET, fee_minor=500), fee="5.01")])
    found = Discrepancy.objects.get()
    assert (found.category, found.at_risk_minor, ties(run)) == ("fee_mismatch", 1, True)


def test_what_the_provider_does_not_tell_is_missing_there(booking: Booking, clerk: Clerk) -> None:
    told, untold = document(booking, TICKET), document(booking, "0002000000002")
    run = clerk.compares([line(told)])
    assert classes(run) == {f"document {untold.pk}": "missing_at_provider"}
    found = Discrepancy.objects.get()
    assert (found.ours_minor, found.theirs_minor, found.at_risk_minor, found.currency) == (11_870, 0, 11_870, "EUR")
    assert found.ours["ticket_number"] == untold.number
    assert ties(run)


def test_a_document_of_another_period_is_not_missing(booking: Booking, clerk: Clerk) -> None:
    document(booking, TICKET, issued_on=DAY.replace(month=1))
    assert classes(clerk.compares([line(document(booking, "0002000000002"))])) == {}


def test_a_line_that_is_there_twice(booking: Booking, clerk: Clerk) -> None:
    once = line(document(booking, TICKET))
    run = clerk.compares([once, once, once])
    assert classes(run) == {"line 3": "duplicate", "line 4": "duplicate"}
    assert ties(run)


def test_an_order_that_is_there_twice_without_its_tickets(booking: Booking, clerk: Clerk) -> None:
    once = line(document(booking, TICKET), ticket_number="")
    assert classes(clerk.compares([once, once])) == {"line 3": "duplicate"}


def test_parts_that_make_no_whole_are_for_a_person(booking: Booking, clerk: Clerk) -> None:
    part = line(document(booking, TICKET), ticket_number="", gross="50.00")
    assert set(classes(clerk.compares([part, part])).values()) == {"ambiguous"}


def weighed() -> list[tuple[str, int, int, int]]:
    """Of each discrepancy (class, ours, theirs, at risk), in the order of the lines."""
    rows = Discrepancy.objects.order_by("line_id")
    return list(rows.values_list("category", "ours_minor", "theirs_minor", "at_risk_minor"))


class TestLinesThatStandForABookingTogether:
    """Its documents count once among them, and what is at risk is what all of them differ by."""

    @pytest.fixture
    def part(self, booking: Booking) -> Callable[..., dict[str, str]]:
        """A line of the order, which has two tickets: 237.40."""
        rows = [document(booking, f"000200000000{number}") for number in (1, 2)]
        return lambda gross, **told: line(rows[0], ticket_number="", gross=gross, **told)

    def test_parts_that_are_too_little(self, part: Callable[..., dict[str, str]], clerk: Clerk) -> None:
        run = clerk.compares([part("95.00"), part("95.00")])
        assert weighed() == [("ambiguous", 23_740, 9_500, 4_740), ("ambiguous", 0, 9_500, 0)]
        assert ties(run)
        assert again(run.statement).same == 2

    def test_the_whole_and_something_more(self, part: Callable[..., dict[str, str]], clerk: Clerk) -> None:
        run = clerk.compares([part("237.40"), part("30.00")])
        assert weighed() == [("ambiguous", 0, 3_000, 3_000)]
        assert ties(run)

    def test_a_part_in_another_currency(self, part: Callable[..., dict[str, str]], clerk: Clerk) -> None:
        run = clerk.compares([part("95.00", currency="USD"), part("95.00")])
        assert weighed() == [("ambiguous", 0, 9_500, 9_500), ("ambiguous", 23_740, 9_500, 14_240)]
        assert ties(run)

    def test_parts_that_are_all_in_another_currency(self, part: Callable[..., dict[str, str]], clerk: Clerk) -> None:
        run = clerk.compares([part("95.00", currency="USD"), part("95.00", currency="USD")])
        assert weighed() == [("ambiguous", 23_740, 9_500, 9_500), ("ambiguous", 0, 9_500, 9_500)]
        assert ties(run)

    def test_what_has_a_line_of_its_own_is_none_of_theirs(
        self, part: Callable[..., dict[str, str]], booking: Booking, clerk: Clerk
    ) -> None:
        told = document(booking, "0002000000003")
        run = clerk.compares([line(told), part("200.00")])
        assert weighed() == [("amount_mismatch", 23_740, 20_000, 3_740)]
        assert ties(run)

    def test_nor_does_an_unknown_ticket_have_any_of_it(self, part: Callable[..., dict[str, str]], clerk: Clerk) -> None:
        unknown = {**part("50.00"), "ticket_number": "0002000000099"}
        run = clerk.compares([unknown, part("200.00")])
        assert weighed() == [("ticket_missing", 0, 5_000, 5_000), ("amount_mismatch", 23_740, 20_000, 3_740)]
        assert ties(run)

    def test_documents_of_two_currencies_are_no_sum(
        self, part: Callable[..., dict[str, str]], booking: Booking, clerk: Clerk
    ) -> None:
        document(booking, "0002000000003", currency="USD")
        run = clerk.compares([part("237.40")])
        assert sorted(weighed()) == [
            ("duplicate", 0, 23_740, 23_740),
            *[("missing_at_provider", 11_870, 0, 11_870)] * 3,
        ]
        assert ties(run)


class TestVoidsAndRefunds:
    def test_a_void_whose_sale_is_told_is_not_reflected(self, booking: Booking, clerk: Clerk) -> None:
        sale, void = document(booking, TICKET), document(booking, TICKET, kind=Kind.VOID)
        run = clerk.compares([line(sale)])
        assert classes(run) == {f"document {void.pk}": "void_not_reflected"}
        assert ties(run)

    def test_sold_and_voided_before_it_was_told_is_in_order(self, booking: Booking, clerk: Clerk) -> None:
        document(booking, TICKET), document(booking, TICKET, kind=Kind.VOID)
        assert classes(clerk.compares([line(document(booking, "0002000000002"))])) == {}

    def test_both_told_agree(self, booking: Booking, clerk: Clerk) -> None:
        rows = [document(booking, TICKET), document(booking, TICKET, kind=Kind.VOID)]
        assert classes(clerk.compares([line(row) for row in rows])) == {}

    def test_a_refund_of_ours_that_nobody_tells_of(self, booking: Booking, clerk: Clerk) -> None:
        sale, refund = document(booking, TICKET), document(booking, TICKET, kind=Kind.REFUND, amount_minor=9_000)
        run = clerk.compares([line(sale)])
        assert classes(run) == {f"document {refund.pk}": "refund_not_reflected"}
        assert Discrepancy.objects.get().ours_minor == -9_000


@pytest.mark.parametrize(
    ("state", "class_"), [("lapsed", "lapsed_hold"), ("ticketed", "ticket_missing"), ("cancelled", "status_mismatch")]
)
def test_a_sale_of_a_booking_without_documents(
    state: str, class_: str, book: Callable[..., Booking], clerk: Clerk
) -> None:
    booking = book(state=state)
    sale = {"kind": "sale", "order_id": booking.order_id, "currency": "EUR", "gross": "118.70"}
    assert classes(clerk.compares([sale])) == {"line 2": class_}


class TestTolerances:
    def rules(self, **tolerances: Any) -> Rules:
        return Rules.objects.create(version=1, tolerances=tolerances, reason="Rounding.", created_at=clock.now())

    @pytest.mark.parametrize(("gross", "found"), [("118.75", {}), ("118.76", {"line 2": "amount_mismatch"})])
    def test_of_the_currency(self, gross: str, found: dict[str, str], booking: Booking, clerk: Clerk) -> None:
        self.rules(EUR={"gross": 5}, USD={"gross": 100})
        run = clerk.compares([line(document(booking, TICKET), gross=gross)])
        assert (classes(run), ties(run), run.rules and run.rules.version) == (found, True, 1)

    @pytest.mark.parametrize(
        ("told", "found"),
        [
            ({"tax": "18.73"}, {}),
            ({"tax": "18.74"}, {"line 2": "tax_mismatch"}),
            ({"fee": "5.02"}, {}),
            ({"fee": "5.03"}, {"line 2": "fee_mismatch"}),
            ({"gross": "118.71"}, {"line 2": "amount_mismatch"}),
        ],
    )
    def test_of_the_column(self, told: dict[str, str], found: dict[str, str], booking: Booking, clerk: Clerk) -> None:
        self.rules(EUR={"tax": 3, "fee": 2})
        run = clerk.compares([line(document(booking, TICKET, fee_minor=500), **told)])
        assert (classes(run), ties(run)) == (found, True)

    def test_the_newest_version_is_in_force(self, booking: Booking, clerk: Clerk) -> None:
        self.rules(EUR={"gross": 100})
        Rules.objects.create(version=2, tolerances={"EUR": {"gross": 0}}, reason="Strict.", created_at=clock.now())
        run = clerk.compares([line(document(booking, TICKET), gross="118.71")])
        assert (classes(run), run.rules and run.rules.version) == ({"line 2": "amount_mismatch"}, 2)

    def test_of_all_others(self, booking: Booking, clerk: Clerk) -> None:
        self.rules(**{"*": {"gross": 5}, "USD": {"gross": 0}})
        run = clerk.compares([line(document(booking, TICKET), gross="118.65")])
        assert (classes(run), run.totals["EUR"]["matched_ours"], run.totals["EUR"]["matched_theirs"]) == (
            {}, 11_870, 11_865,
        )  # fmt: skip


class TestOrders:
    """The stream of a pull: our bookings against the provider's orders."""

    def compare(self, clerk: Clerk, *orders: dict[str, str], booking: Booking) -> dict[str, str]:
        clerk.stream, clerk.period = Stream.ORDERS, (booking.created_at.date(), booking.created_at.date())
        header = ["kind", "order_id", "client_reference", "currency", "gross", "status"]
        return classes(clerk.compares(orders, header=header))

    def order(self, booking: Booking, **told: str) -> dict[str, str]:
        total = {"currency": booking.currency, "gross": booking.total.amount}
        return {"kind": "sale", "order_id": booking.order_id, "status": booking.state, **total, **told}

    def test_that_agree(self, booking: Booking, clerk: Clerk) -> None:
        assert self.compare(clerk, self.order(booking), booking=booking) == {}

    def test_found_by_the_client_reference(self, booking: Booking, clerk: Clerk) -> None:
        order = self.order(booking, order_id="", client_reference=str(booking.pk))
        assert self.compare(clerk, order, booking=booking) == {}

    @pytest.mark.parametrize(
        ("told", "class_"),
        [
            ({"status": "cancelled"}, "status_mismatch"),
            ({"status": "confirmed"}, "ticket_missing"),
            ({"gross": "1.00"}, "amount_mismatch"),
            ({"currency": "USD"}, "currency_mismatch"),
        ],
    )
    def test_that_differ(self, told: dict[str, str], class_: str, booking: Booking, clerk: Clerk) -> None:
        assert self.compare(clerk, self.order(booking, **told), booking=booking) == {"line 2": class_}

    @pytest.mark.parametrize(
        ("told", "at_risk"),
        [
            ({"status": "cancelled"}, 16_354),
            ({"status": "cancelled", "gross": "20.00"}, 16_354),
            ({"status": "cancelled", "gross": "200.00"}, 20_000),
            ({"status": "cancelled", "gross": "20.00", "currency": "USD"}, 2_000),
            ({"status": "confirmed"}, 16_354),
            ({"status": "lapsed"}, 16_354),
            ({"gross": "163.55"}, 1),
        ],
        ids=["cancelled", "for less", "for more", "in another currency", "without tickets", "lapsed", "its price"],
    )
    def test_of_one_that_is_not_as_we_have_it_all_is_at_risk(
        self, told: dict[str, str], at_risk: int, book: Callable[..., Booking], clerk: Clerk
    ) -> None:
        booking = book(total_minor=16_354)
        self.compare(clerk, self.order(booking, **told), booking=booking)
        assert Discrepancy.objects.get().at_risk_minor == at_risk

    def test_a_ghost_and_a_booking_that_is_not_there(self, booking: Booking, clerk: Clerk) -> None:
        found = self.compare(clerk, self.order(booking, order_id="ord_ghost"), booking=booking)
        assert found == {"line 2": "missing_locally", f"booking {booking.pk}": "missing_at_provider"}

    def test_a_hold_that_lapsed_here(self, book: Callable[..., Booking], clerk: Clerk) -> None:
        booking = book(state="lapsed")
        assert self.compare(clerk, self.order(booking, status="held"), booking=booking) == {"line 2": "lapsed_hold"}
        assert Discrepancy.objects.get().at_risk_minor == booking.total_minor

    def test_an_order_that_two_bookings_have_is_at_risk_whole(self, book: Callable[..., Booking], clerk: Clerk) -> None:
        first = book()
        book(order_id=first.order_id)
        found = self.compare(clerk, self.order(first, status="cancelled"), booking=first)
        assert found["line 2"] == "ambiguous"
        assert Discrepancy.objects.get(category="ambiguous").at_risk_minor == first.total_minor

    def test_an_order_twice(self, booking: Booking, clerk: Clerk) -> None:
        order = self.order(booking)
        assert self.compare(clerk, order, order, booking=booking) == {"line 3": "duplicate"}


class TestOthersFormats:
    def test_stripes_payout_reconciliation(self, booking: Booking, clerk: Clerk) -> None:
        document(booking, TICKET)
        head = (
            "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,payment_metadata[booking_id]"
        )
        rows = [
            f"txn_1,2027-02-14 10:00:00,eur,118.70,2.10,116.60,charge,{booking.pk}",
            f"txn_2,2027-02-15 10:00:00,eur,-118.70,0.00,-118.70,refund,{booking.pk}",
            "po_1,2027-02-16 10:00:00,eur,2.10,0.00,2.10,payout,",
        ]
        clerk.format = Format.STRIPE
        statement = clerk.reads("\n".join([head, *rows, ""]).encode(), auto=True)
        assert (statement.state, statement.counts["lines"]) == ("reconciled", 2)
        assert classes(statement.runs.get()) == {"line 3": "refund_not_reflected"}

    def test_adyens_settlement_details(self, booking: Booking, clerk: Clerk) -> None:
        document(booking, TICKET)
        head = (
            "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,TimeZone,"
            "Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC)"
        )
        rows = [
            f"Movmo,MovmoEU,881,{booking.pk},visa,2027-02-14 10:00:00,CET,Settled,882,EUR,,118.70",
            "Movmo,MovmoEU,883,,,2027-02-16 10:00:00,CET,MerchantPayout,884,EUR,118.70,",
        ]
        clerk.format = Format.ADYEN
        statement = clerk.reads("\n".join([head, *rows, ""]).encode(), auto=True)
        assert (statement.state, statement.problem) == ("reconciled", "")
        assert classes(statement.runs.get()) == {}

    @pytest.mark.parametrize(
        ("currency", "debit", "credit", "minor"),
        [
            ("EUR", "18.70", "118.70", 10_000),
            ("EUR", "0.00", "118.70", 11_870),
            ("EUR", "99999999999.98", "99999999999.99", 1),
            ("EUR", "5", "5.0", 0),
            ("JPY", "18", "118", 100),
            ("BHD", "0.001", "1.234", 1_233),
        ],
    )
    def test_adyens_credit_less_its_debit(
        self, currency: str, debit: str, credit: str, minor: int, clerk: Clerk
    ) -> None:
        head = "Merchant Reference,Type,Gross Currency,Gross Debit (GC),Gross Credit (GC)"
        rows = [f"a,Settled,{currency},{debit},{credit}", f"b,Refunded,{currency},{credit},0"]
        clerk.format = Format.ADYEN
        statement = clerk.reads("\n".join([head, *rows, ""]).encode(), auto=True)
        assert (statement.state, statement.problem) == ("reconciled", "")
        sold, refunded = queries.lines(statement).order_by("id")
        assert (sold.gross_minor, refunded.gross_minor) == (minor, -round(float(credit) * 10 ** exponent(currency)))

    @pytest.mark.parametrize(("debit", "credit"), [("1.005", "2.00"), ("x", "2.00"), ("1.00", "2,00"), ("", "")])
    def test_adyens_amounts_that_are_none(self, debit: str, credit: str, clerk: Clerk) -> None:
        head = "Merchant Reference,Type,Gross Currency,Gross Debit (GC),Gross Credit (GC)"
        clerk.format = Format.ADYEN
        quoted = f'"{credit}"' if "," in credit else credit
        statement = clerk.reads(f"{head}\na,Settled,EUR,{debit},{quoted}\n".encode(), auto=True)
        assert statement.state == "staged"
        assert statement.quarantined.get().code == ("gross_malformed" if credit else "gross_missing")
