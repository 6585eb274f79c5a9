"""What stands on the pages of the back office: moments with their zone, money with its currency, names for ids."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from bookings.sandbox_airline.models import SandboxCancellationQuote
from movmo.operations.models import Event
from partners.member.models import Invitation
from partners.partner.models import Partner
from partners.webhook.models import WebhookDelivery, WebhookEndpoint
from tests import factories
from tests.contract.world import World
from tests.office import clerk_with_app, entered

MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\b")


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


def page(office: Client, address: str, **query: str) -> str:
    answer = office.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_moment_has_its_zone(office: Client, aviare: Partner) -> None:
    assert MOMENT.search(page(office, reverse("admin:partners_partner_changelist")))
    assert MOMENT.search(page(office, reverse("admin:accounts_user_changelist")))


def test_where_an_end_is_typed_the_zone_is_told(office: Client) -> None:
    assert "Day and time in UTC" in page(office, reverse("admin:partners_apikey_add"))


def test_an_empty_list_says_why_and_offers_what_one_may(office: Client) -> None:
    quiet = page(office, reverse("admin:operations_event_changelist"))
    assert "There is no event." in quiet
    assert "filter_list_off" not in quiet
    address = reverse("admin:partners_webhookendpoint_changelist")
    sought = page(office, address, q="01a1fd3e-0000-7000-8000-000000000000")
    assert "No webhook endpoint fits what you searched or filtered for." in sought
    assert "filter_list_off" in sought
    assert "Add usage plan</a>" in page(office, reverse("admin:partners_usageplan_changelist"))


def test_what_the_sandbox_gives_back_has_its_currency(office: Client, world: World) -> None:
    world.quote()
    quote = SandboxCancellationQuote.objects.get()
    for place in (
        reverse("admin:bookings_sandboxcancellationquote_changelist"),
        reverse("admin:bookings_sandboxcancellationquote_change", args=[quote.pk]),
    ):
        assert f" {quote.order.currency}<" in page(office, place)


def test_an_event_says_live_or_test(office: Client, world: World) -> None:
    world.booking()
    event = Event.objects.all()[0]
    assert ">test<" in page(office, reverse("admin:operations_event_change", args=[event.pk]))


def test_an_endpoint_and_a_delivery_are_called_by_name(office: Client, world: World) -> None:
    world.webhook_delivery()
    endpoint, delivery = WebhookEndpoint.objects.get(), WebhookDelivery.objects.get()
    assert str(endpoint) == "hooks.example.com (test)"
    told = page(office, reverse("admin:partners_webhookdelivery_change", args=[delivery.pk]))
    assert f"{delivery.event.type} to hooks.example.com".lower() in told.lower()
    assert "thylacine" not in told


def test_an_invited_address_is_masked(office: Client, aviare: Partner) -> None:
    factories.invitation(aviare)
    invited = Invitation.objects.get()
    address = reverse("admin:partners_invitation_changelist")
    for told in (page(office, address), page(office, reverse("admin:partners_invitation_change", args=[invited.pk]))):
        assert "n***@aviare.example" in told
        assert invited.email not in told
    assert "n***@aviare.example" in page(office, address, q=invited.email)
