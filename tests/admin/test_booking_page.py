"""The page of a booking tells its whole story, to each clerk as much as their role allows, and fast."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.booking.models import Booking, BookingTransition
from bookings.booking.provider_call.models import ProviderCall
from bookings.booking.schemas import BookingView
from bookings.office import story
from bookings.office.moments import Group as Sort
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from movmo.accounts import personal
from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations.approval.models import Approval
from movmo.operations.models import AuditEvent, Event
from partners.webhook.models import WebhookDelivery, WebhookEndpoint
from tests import factories
from tests.contract.world import World, cancellation_of, view_of
from tests.letters import post
from tests.office import clerk_with_app, entered

MOST_QUERIES = 45
"""Of the page with everything on it, those of the office around it included."""


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


def clerk_in(role: str) -> Client:
    clerk = clerk_with_app(f"{role}@movmo.example", is_superuser=False)
    clerk.groups.add(Group.objects.get(name=role))
    return entered(Client(), clerk)


def page_of(booking: Booking) -> str:
    return reverse("admin:bookings_booking_change", args=[booking.pk])


def read(office: Client, booking: Booking) -> str:
    answer = office.get(page_of(booking))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def told(world: World) -> Booking:
    """A booking to which everything happened."""
    booked = world.booking()
    post()
    booking = Booking.objects.get(pk=booked.booking_id)
    factories.schedule_change(booking)
    _made_in_a_checkout(booking)
    _told_to_its_partner(booking)
    _approved(booking)
    world.call("cancel_booking", **cancellation_of(world.quote(booked)))
    return Booking.objects.get(pk=booked.booking_id)


def _made_in_a_checkout(booking: Booking) -> None:
    assert booking.partner is not None
    of_both = {"total_minor": booking.total_minor, "currency": booking.currency, "booking_id": booking.pk}
    session = CheckoutSession.objects.create(
        partner=booking.partner,
        is_live_key=False,
        origin=factories.SHOP,
        return_url=factories.SHOP,
        locale="en",
        provider="sandbox",
        offer_id=booking.offer_id,
        provider_offer_id="off",
        secret_digest="0" * 64,
        created_at=clock.now(),
        expires_at=clock.now(),
        updated_at=clock.now(),
        **of_both,
    )
    CheckoutAttempt.objects.create(
        session=session, number=1, user_id=booking.user_id, provider="sandbox", began_at=clock.now(), **of_both
    )


def _told_to_its_partner(booking: Booking) -> None:
    assert booking.partner is not None
    endpoint = WebhookEndpoint.objects.create(
        partner=booking.partner,
        is_live=False,
        slot=1,
        url="https://hooks.example.com/movmo?token=thylacine",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    for event in Event.objects.filter(subject_id=booking.pk):
        WebhookDelivery.objects.create(endpoint=endpoint, event=event, due_at=clock.now(), created_at=clock.now())


def _approved(booking: Booking) -> None:
    Approval.objects.create(
        user_id=booking.user_id,
        client_id="scout",
        operation="create_booking",
        fingerprint=b"1",
        key_hash=b"2",
        terms=b"3",
        proposal=b"what it said is between those two",
        state=Approval.State.APPROVED,
        requested_at=clock.now(),
        decided_at=clock.now(),
        decided_with="passkey",
        expires_at=clock.now(),
        resource_id=booking.pk,
    )


def test_it_tells_of_everything(office: Client, told: Booking) -> None:
    page = read(office, told)
    for sort in Sort:
        assert f"only = '{sort.value}'" in page, sort
    for words in (
        "Reserved", "Confirm cancellation: answered", "Book: answered", "Asked: cancel (done)",
        "Cancellation quote (used)",
        "Schedule change, major", "Event booking.ticketed.v1", "Letter “ticketed” done with", "hooks.example.com",
        "Approval of create booking asked for", "Bought in the checkout, attempt 1", "Create booking: done",
        f"Ticket {told.documents[0]['number']}", told.locator, str(told.total), told.order_id, str(told.pk),
    ):  # fmt: skip
        assert words in page, words
    assert "thylacine" not in page
    assert "what it said is between" not in page


def test_it_is_in_the_order_of_time(told: Booking) -> None:
    times = [moment.at for moment in story.of(told, may_see=lambda _: True).moments]
    assert times == sorted(times, reverse=True)


def test_what_a_provider_said_is_there_in_full(office: Client, told: Booking) -> None:
    page = read(office, told)
    assert "&quot;client_reference&quot;: &quot;" + str(told.pk) in page


def test_how_many_statements_do_not_depend_on_how_much_happened(office: Client, told: Booking) -> None:
    read(office, told)
    with CaptureQueriesContext(connection) as before:
        read(office, told)
    lines = [
        BookingTransition(
            booking=told, before=told.state, after=told.state, fence=0, at=clock.now(), who="movmo", reason="x"
        )
        for _ in range(300)
    ]
    BookingTransition.objects.bulk_create(lines)
    call: dict[str, Any] = {"booking": told, "provider": "sandbox", "operation": "get_order", "request": {}}
    ProviderCall.objects.bulk_create(
        ProviderCall(**call, outcome="ok", duration_ms=1, at=clock.now()) for _ in range(300)
    )
    with CaptureQueriesContext(connection) as after:
        page = read(office, told)
    assert len(after) == len(before) <= MOST_QUERIES
    assert "Of booking transitions, provider calls only the newest 100 are shown" in page


@pytest.mark.parametrize(
    ("role", "sees", "sees_not"),
    [
        (
            "support",
            {"steps", "provider", "asked", "documents", "events", "letters", "approvals", "checkout"},
            {"audit", "webhooks"},
        ),
        (
            "finance",
            {"steps", "asked", "documents"},
            {"provider", "audit", "webhooks", "events", "letters", "checkout", "approvals"},
        ),
        ("admin", set(Sort), set()),
    ],
)
def test_a_role_sees_its_part_of_the_story(told: Booking, role: str, sees: set[str], sees_not: set[str]) -> None:
    page = read(clerk_in(role), told)
    assert {sort for sort in sees if f"only = '{sort}'" not in page} == set()
    assert {sort for sort in sees_not if f"only = '{sort}'" in page} == set()


@pytest.mark.parametrize("role", ["partnerships", "security"])
def test_who_may_not_see_bookings_sees_no_page(told: Booking, role: str) -> None:
    assert clerk_in(role).get(page_of(told)).status_code == 403


def test_what_is_private_about_a_passenger_is_masked_and_revealed_with_a_reason(world: World) -> None:
    offer = world.offer()
    world.map(offer, 0, world.passenger(email="private@example.com", phone_number="+4915112345678"))
    booking = Booking.objects.get(pk=view_of(BookingView, world.book(offer)).booking_id)
    support = clerk_in("support")
    page = read(support, booking)
    assert "private@example.com" not in page
    assert "p***@example.com" in page
    reveal = f"{page_of(booking).removesuffix('change/')}reveal/email-1/"
    assert f'href="{reveal}"' in page
    shown = support.post(reveal, {"reason": "The traveler asks on the telephone"})
    assert "private@example.com" in shown.content.decode()
    line = AuditEvent.objects.get(operation="reveal_personal", resource_id=booking.pk)
    assert line.arguments == {
        "of": "bookings.booking", "field": "email-1", "reason": "The traveler asks on the telephone",
    }  # fmt: skip
    finance = clerk_in("finance")
    assert reveal not in read(finance, booking)
    assert finance.post(reveal, {"reason": "I want to know it"}).status_code == 403


def test_a_booking_whose_people_were_forgotten_has_a_page(office: Client, told: Booking) -> None:
    personal.forget(told.user_id)
    assert "The passengers were forgotten" in read(office, told)


def test_a_page_that_does_not_exist(office: Client, db: None) -> None:
    answer = office.get(reverse("admin:bookings_booking_change", args=[new_id()]))
    assert answer.status_code == 302


def test_the_list_is_never_counted_and_goes_by_the_key(office: Client, told: Booking) -> None:
    with CaptureQueriesContext(connection) as asked:
        answer = office.get("/admin/bookings/booking/")
    assert answer.status_code == 200
    of_bookings = [one["sql"] for one in asked.captured_queries if 'FROM "booking"' in one["sql"]]
    assert len(of_bookings) == 1
    assert "COUNT(" not in of_bookings[0]
    assert "DISTINCT" not in of_bookings[0]
    assert 'ORDER BY "booking"."id" DESC' in of_bookings[0]
    assert '"booking"."passengers"' not in of_bookings[0]


@pytest.mark.parametrize("chosen", ["state__exact=cancelled", "provider=sandbox", "door=rest"])
def test_the_list_is_filtered_by_what_is_known(office: Client, told: Booking, chosen: str) -> None:
    assert told.locator in office.get(f"/admin/bookings/booking/?{chosen}").content.decode()
    other = (
        chosen.partition("=")[0]
        + {"state__exact": "=held", "provider": "=duffel", "door": "=mcp"}[chosen.split("=")[0]]
    )
    assert told.locator not in office.get(f"/admin/bookings/booking/?{other}").content.decode()
