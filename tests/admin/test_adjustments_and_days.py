"""What was taken over from providers, and the days they still owe us: to be looked at by finance."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from bookings.booking.models import Booking
from bookings.reconciliation.models import Statement
from bookings.reconciliation.pull.models import PulledDay
from movmo import roles
from movmo.accounts.models import User
from movmo.kit import clock
from partners.partner.models import Partner
from tests.admin.finance import WHY, act, clerk, page
from tests.bookings.reconciliation import books
from tests.contract.world import World

pytestmark = pytest.mark.django_db
ADJUSTMENTS, DAYS = "adjustment_changelist", "pulledday_changelist"


@pytest.fixture
def fay(db: None) -> tuple[User, Client]:
    return clerk("finance", "fay@movmo.example")


@pytest.fixture
def desk(fay: tuple[User, Client]) -> Client:
    return fay[1]


def read(desk: Client, name: str, *args: Any) -> str:
    answer = desk.get(page(name, *args))
    assert answer.status_code == 200
    return str(answer.content.decode())


def listed(desk: Client, name: str, query: str = "") -> list[Any]:
    answer = desk.get(page(name) + query)
    assert answer.status_code == 200, query
    return list(answer.context["cl"].result_list)


def column(desk: Client, name: str, head: str, query: str = "") -> list[str]:
    """What the rows say, as the page has it."""
    answer = desk.get(page(name) + query)
    table = answer.context["cl"].model_admin
    return [getattr(table, head)(row) for row in answer.context["cl"].result_list]


class TestAdjustments:
    def test_what_was_accepted_is_listed(self, desk: Client, world: World) -> None:
        world.booking()
        booking = Booking.objects.all()[0]
        books.rules(EUR={"write_off": 5_000})
        one = books.discrepancy(booking=booking, document_id=books.document(booking).pk)
        act(desk, one, "accept_theirs")
        (row,) = listed(desk, ADJUSTMENTS)
        told = read(desk, ADJUSTMENTS)
        for said in ("1.00\u00a0EUR", "120.00\u00a0EUR", "121.00\u00a0EUR", "sandbox", str(one), str(booking)):
            assert said in told, said
        assert "fay@movmo.example" in told
        shown = read(desk, "adjustment_change", row.pk)
        assert WHY in shown
        for about in (
            page("discrepancy_change", one.pk),
            page("statement_change", one.statement_id),
            page("booking_change", booking.pk),
            page("bookingdocument_change", row.document_id),
        ):
            assert about in shown, about
        assert page("adjustment_change", row.pk) in read(desk, "discrepancy_change", one.pk)

    def test_across_two_currencies_no_difference_is_made_up(self, desk: Client) -> None:
        row = books.adjustment(books.discrepancy(), difference_minor=None, ours_currency="USD")
        assert column(desk, ADJUSTMENTS, "difference") == ["two currencies"]
        shown = read(desk, "adjustment_change", row.pk)
        assert "120.00\u00a0USD" in shown
        assert "121.00\u00a0EUR" in shown

    def test_one_without_a_person_a_booking_and_a_document(self, desk: Client) -> None:
        row = books.adjustment(books.discrepancy(), document_id=User.objects.get().pk)
        assert column(desk, ADJUSTMENTS, "who_made") == ["Movmo"]
        assert ">none<" in read(desk, "adjustment_change", row.pk).replace("\n", "").replace(" ", "")

    def test_whose_books_it_is_in_is_said(self, desk: Client, aviare: Partner) -> None:
        for whose in (None, aviare):
            books.adjustment(books.discrepancy(books.statement(whose)))
        assert sorted(column(desk, ADJUSTMENTS, "books")) == sorted(["Movmo", aviare.name])
        assert sorted(column(desk, ADJUSTMENTS, "who_made")) == ["Movmo", "its key"]

    def test_it_is_found_by_whole_ids(self, desk: Client, world: World) -> None:
        world.booking()
        booking = Booking.objects.all()[0]
        one = books.discrepancy(booking=booking)
        row = books.adjustment(one)
        books.adjustment(books.discrepancy())
        for known in (row.pk, one.pk, booking.pk):
            assert listed(desk, ADJUSTMENTS, f"?q={known}") == [row]
        for unknown in ("1.00", str(one.pk)[:8], "%"):
            assert desk.get(page(ADJUSTMENTS), {"q": unknown}).context["cl"].result_list.count() == 0

    def test_nobody_writes_one_here(self, desk: Client) -> None:
        row = books.adjustment(books.discrepancy())
        for address in (
            page("adjustment_add"),
            page("adjustment_change", row.pk),
            page("adjustment_delete", row.pk),
        ):
            assert desk.post(address, {"difference_minor": "0", "post": "yes"}).status_code == 403


class TestDays:
    def test_what_is_owed_stands_first(self, desk: Client) -> None:
        now = clock.now()
        here = books.owed_day(date(2027, 3, 9), done_at=now)
        vain = books.owed_day(date(2027, 3, 1), failures=3, problem="Unavailable: no answer", failed_at=now)
        owed = books.owed_day(date(2027, 3, 8))
        asked = books.owed_day(date(2027, 3, 7), lease_until=now + timedelta(minutes=5))
        lost = books.owed_day(date(2027, 3, 6), lease_until=now - timedelta(minutes=5))
        shut = books.owed_day(date(2027, 3, 2), failures=1)
        books.lock(starts_on=date(2027, 3, 2), ends_on=date(2027, 3, 2))
        books.lock(starts_on=date(2027, 3, 8), ends_on=date(2027, 3, 8), unlocked_at=now)
        books.lock(starts_on=date(2027, 3, 8), ends_on=date(2027, 3, 8), provider="duffel")
        assert listed(desk, DAYS) == [owed, asked, lost, shut, vain, here]
        states = ["owed", "being asked", "owed", "owed, locked", "owed, asked in vain", "here"]
        assert column(desk, DAYS, "standing") == states
        told = read(desk, DAYS)
        assert "Unavailable: no answer" in told
        assert f"{now:%Y-%m-%d %H:%M:%S}" in told

    def test_days_are_filtered_and_found(self, desk: Client) -> None:
        vain = books.owed_day(date(2027, 3, 1), failures=3)
        owed = books.owed_day(date(2027, 3, 8), provider="duffel")
        here = books.owed_day(date(2027, 3, 9), done_at=clock.now())
        for query, shown in [
            ("", [owed, vain, here]), ("?state=owed", [owed, vain]), ("?state=vain", [vain]), ("?state=here", [here]),
            ("?state=lost", [owed, vain, here]), ("?provider=duffel", [owed]), ("?q=2027-03-08", [owed]),
            ("?q=duffel", [owed]), (f"?q={vain.pk}", [vain]), ("?q=2027-03-31", []), ("?q=2027-13-99", []),
            ("?q=duf", []), ("?q=+2027-03-08+", [owed]),
        ]:  # fmt: skip
            assert listed(desk, DAYS, query) == shown, query

    def test_a_day_leads_to_its_statements(self, desk: Client) -> None:
        row = books.owed_day(done_at=clock.now())
        mine = books.statement(source=Statement.Source.PULL)
        other = books.statement(source=Statement.Source.PULL, provider="duffel")
        sent = books.statement()
        shown = read(desk, "pulledday_change", row.pk)
        assert page("statement_change", mine.pk) in shown
        for one in (other, sent):
            assert page("statement_change", one.pk) not in shown

    def test_who_may_pull_is_led_there(self, desk: Client) -> None:
        books.owed_day()
        pull = page("statement_pull")
        assert pull in read(desk, DAYS)
        assert clerk(roles.SUPPORT, "sue@movmo.example")[1].get(page(DAYS)).status_code == 403

    def test_nobody_writes_one_here(self, desk: Client) -> None:
        row = books.owed_day()
        for address in (page("pulledday_add"), page("pulledday_change", row.pk), page("pulledday_delete", row.pk)):
            assert desk.post(address, {"done_at": "2027-01-01", "post": "yes"}).status_code == 403
        assert PulledDay.objects.get().done_at is None
