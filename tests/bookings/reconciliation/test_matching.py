"""By which key a line finds its counterpart, the strongest first; each line says which."""

import copy
from collections.abc import Callable
from uuid import UUID

import pytest

from bookings.booking.models import Booking
from bookings.booking.record_locator.models import FurtherLocator
from bookings.reconciliation import queries, surnames
from bookings.reconciliation.models import Discrepancy, Run
from tests.bookings.reconciliation.scene import Clerk, Kind, classes, document, line, ties

pytestmark = pytest.mark.django_db


def tiers(run: Run) -> list[tuple[str, str]]:
    return list(queries.lines(run.statement).values_list("outcome", "tier"))


class TestEachKey:
    def test_the_order_and_the_ticket(self, booking: Booking, clerk: Clerk) -> None:
        run = clerk.compares([line(document(booking, "0002000000001"))])
        assert (tiers(run), classes(run)) == ([("matched", "order_id")], {})
        assert run.counts == {"lines": 1, "matched": 1, "by_class": {}, "found": 0}

    def test_the_order_alone_stands_for_all_of_its_tickets(self, booking: Booking, clerk: Clerk) -> None:
        first, second = document(booking, "0002000000001"), document(booking, "0002000000002")
        assert (first.amount_minor + second.amount_minor) == 23_740
        run = clerk.compares([line(first, ticket_number="", gross="237.40")])
        assert (tiers(run), classes(run)) == ([("matched", "order_id")], {})

    def test_two_lines_of_an_order_stand_for_it_together(self, booking: Booking, clerk: Clerk) -> None:
        tickets = [document(booking, "0002000000001"), document(booking, "0002000000002", amount_minor=10_000)]
        run = clerk.compares([line(row, ticket_number="") for row in tickets])
        assert (tiers(run), classes(run)) == ([("matched", "order_id")] * 2, {})

    def test_the_client_reference(self, booking: Booking, clerk: Clerk) -> None:
        row = document(booking, "0002000000001")
        by_both = line(row, order_id="", client_reference=str(booking.pk))
        assert tiers(clerk.compares([by_both])) == [("matched", "client_reference")]
        alone = line(row, order_id="", client_reference=str(booking.pk), ticket_number="")
        assert tiers(clerk.compares([alone])) == [("matched", "client_reference")]

    @pytest.mark.parametrize("spelled", [UUID.__str__, lambda key: key.hex, lambda key: str(key).upper()])
    def test_however_it_is_spelled(self, booking: Booking, clerk: Clerk, spelled: Callable[[UUID], str]) -> None:
        alone = line(
            document(booking, "0002000000001"), order_id="", client_reference=spelled(booking.pk), ticket_number=""
        )
        assert tiers(clerk.compares([alone])) == [("matched", "client_reference")]

    def test_the_ticket_number(self, booking: Booking, clerk: Clerk) -> None:
        run = clerk.compares([line(document(booking, "0002000000001"), order_id="")])
        assert (tiers(run), classes(run)) == ([("matched", "ticket_number")], {})

    @pytest.mark.parametrize("told", ["issued_on", "departure_on"])
    def test_the_record_locator_the_surname_and_a_date(self, told: str, booking: Booking, clerk: Clerk) -> None:
        row = document(booking, "0002000000001")
        person, departs = booking.people[0], booking.itinerary[0]["segments"][0]["departing"]["local"][:10]
        weak = {
            "kind": "sale",
            "record_locator": booking.locator,
            "surname": person["name_as_ticketed"].lower(),
            told: row.issued_on.isoformat() if told == "issued_on" else departs,
            "currency": "EUR",
            "gross": "118.70",
        }
        clerk.period = (row.issued_on, row.issued_on)
        run = clerk.compares([weak])
        assert (tiers(run), classes(run)) == ([("matched", "record_locator")], {})
        stored = queries.lines(run.statement).get()
        assert len(stored.surname_digest) == 32

    def test_more_surnames_than_a_batch(self, booking: Booking, clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(surnames, "BATCH", 2)
        weak = {"order_id": "", "ticket_number": "", "record_locator": booking.locator}
        rows = [document(booking, f"000200000000{number}") for number in range(1, 6)]
        run = clerk.compares([line(row, **weak, surname=booking.people[0]["name_as_ticketed"]) for row in rows])
        assert (tiers(run), classes(run), ties(run)) == ([("matched", "record_locator")] * 5, {}, True)

    @pytest.mark.parametrize("told", ["issued_on", "departure_on"])
    def test_a_further_record_locator_is_as_good(self, told: str, booking: Booking, clerk: Clerk) -> None:
        row, back = document(booking, "0002000000001"), copy.deepcopy(booking.itinerary[0])
        back["segments"][0]["departing"]["local"] = "2027-04-01T09:30:00"
        itinerary, locators = [*booking.itinerary, back], [booking.locator, "QWERTY"]
        Booking.objects.filter(pk=booking.pk).update(itinerary=itinerary, record_locators=locators)
        FurtherLocator.objects.create(booking=booking, locator="QWERTY")
        day = row.issued_on.isoformat() if told == "issued_on" else "2027-04-01"
        weak = {**line(row, order_id="", ticket_number="", issued_on=""), told: day, "record_locator": "QWERTY"}
        surname = {"surname": booking.people[0]["name_as_ticketed"]}
        clerk.period = (row.issued_on, row.issued_on)
        assert tiers(clerk.compares([{**weak, **surname}])) == [("matched", "record_locator")]
        assert tiers(clerk.compares([{**weak, **surname, told: "2027-04-03"}])) == [("missing_locally", "none")]

    def test_a_locator_of_somebody_else_is_no_key(self, booking: Booking, clerk: Clerk) -> None:
        row = document(booking, "0002000000001")
        weak = {**line(row, order_id="", ticket_number=""), "record_locator": booking.locator, "surname": "NOBODY"}
        assert tiers(clerk.compares([weak])) == [("missing_locally", "none")]

    def test_without_a_surname_the_amount_decides(self, booking: Booking, clerk: Clerk) -> None:
        row = document(booking, "0002000000001")
        weak = {**line(row, order_id="", ticket_number=""), "record_locator": booking.locator}
        assert tiers(clerk.compares([weak])) == [("matched", "record_locator")]
        assert tiers(clerk.compares([{**weak, "gross": "118.71"}])) == [("missing_locally", "none")]


class TestWhoseBookings:
    def test_a_partners_statement_is_held_against_its_own(
        self, booking: Booking, clerk: Clerk, kestrel: object
    ) -> None:
        row = document(booking, "0002000000001")
        clerk.partner = kestrel  # type: ignore[assignment]
        run = clerk.compares([line(row)])
        assert classes(run) == {"line 2": "missing_locally"}

    def test_and_finds_them(self, booking: Booking, clerk: Clerk) -> None:
        row = document(booking, "0002000000001")
        clerk.partner = booking.partner
        assert classes(clerk.compares([line(row)])) == {}

    def test_another_providers_documents_are_no_counterpart(self, booking: Booking, clerk: Clerk) -> None:
        row = document(booking, "0002000000001", provider="duffel")
        assert classes(clerk.compares([line(row, order_id="")])) == {"line 2": "missing_locally"}


def test_two_documents_of_one_number_leave_the_line_to_its_order(book: Callable[..., Booking], clerk: Clerk) -> None:
    """A number is an airline's to give out; one that it gives out twice tells nobody apart."""
    one, another = book(), book()
    document(one, "0002000000001")
    row = document(another, "0002000000001", amount_minor=9_900)
    run = clerk.compares([line(row, order_id=another.order_id)])
    assert Discrepancy.objects.filter(statement=run.statement, line__isnull=False).count() == 1
    assert ties(run)


def test_a_refund_finds_the_refund_and_not_the_sale(booking: Booking, clerk: Clerk) -> None:
    rows = [document(booking, "0002000000001"), document(booking, "0002000000001", kind=Kind.REFUND)]
    run = clerk.compares([line(row) for row in rows])
    assert (classes(run), run.counts["matched"], ties(run)) == ({}, 2, True)
