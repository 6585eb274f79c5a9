"""Staff paste what people quote, anywhere in the office, and come to the booking. Who may not see it finds nothing."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.booking.models import Booking
from bookings.office import finding
from tests.bookings.reconciliation.trade import bought
from tests.contract.world import World
from tests.office import clerk_with_app, entered

TERMS = ("pnr", "small", "further", "id", "hex", "order", "email", "ticket", "dashed")


@pytest.fixture
def booking(world: World) -> Booking:
    """There and back, with a PNR for each way."""
    world.booking()
    return Booking.objects.get(pk=bought(world, family_name="TWOPNRS", back_after=7).booking_id)


def term_of(booking: Booking, name: str) -> str:
    ticket = booking.documents[0]["number"]
    terms: dict[str, str] = {
        "pnr": booking.locator,
        "small": booking.locator.lower(),
        "further": booking.record_locators[1],
        "id": str(booking.pk),
        "hex": booking.pk.hex,
        "order": booking.order_id,
        "email": booking.user.email,
        "ticket": ticket,
        "dashed": f"{ticket[:3]}-{ticket[3:]}",
    }
    return terms[name]


def asked(office: Client, term: str) -> str:
    answer = office.get("/admin/search/", {"s": term, "extended": "1"})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", TERMS)
def test_the_search_of_the_office_leads_to_the_booking(client: Client, booking: Booking, name: str) -> None:
    found = asked(entered(client, clerk_with_app()), term_of(booking, name))
    assert reverse("admin:bookings_booking_change", args=[booking.pk]) in found
    assert booking.locator in found
    others = Booking.objects.exclude(pk=booking.pk)
    assert any(str(other.pk) in found for other in others) == (name == "email")


@pytest.mark.parametrize("name", TERMS)
def test_the_list_finds_by_the_same(client: Client, booking: Booking, name: str) -> None:
    answer = entered(client, clerk_with_app()).get("/admin/bookings/booking/", {"q": term_of(booking, name)})
    assert booking.pk in [row.pk for row in answer.context["cl"].result_list]


@pytest.mark.parametrize("term", ["ZZZZZ1", "0009999999999", "nobody@example.com", "a", "%", "' OR 1=1", "\0"])
def test_what_is_nobodys_finds_nothing(client: Client, booking: Booking, term: str) -> None:
    assert "/admin/bookings/booking/" not in asked(entered(client, clerk_with_app()), term)
    assert finding.find(term) == []


@pytest.mark.parametrize("name", TERMS)
def test_who_may_not_see_bookings_finds_none(client: Client, booking: Booking, name: str) -> None:
    clerk = clerk_with_app(is_superuser=False)
    clerk.user_permissions.add(Permission.objects.get(codename="view_partner"))
    found = asked(entered(client, clerk), term_of(booking, name))
    assert str(booking.pk) not in found
    assert "bookings/booking" not in found


@pytest.mark.parametrize("name", TERMS)
def test_a_search_takes_a_few_statements_and_no_scan(booking: Booking, name: str) -> None:
    term = term_of(booking, name)
    with CaptureQueriesContext(connection) as asked_of_the_database:
        finding.find(term)
    statements = [one["sql"] for one in asked_of_the_database.captured_queries]
    assert len(statements) <= 2
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
                steps = [row[3] for row in cursor.fetchall()]
                assert not any(step.startswith("SCAN") for step in steps), (statement, steps)
