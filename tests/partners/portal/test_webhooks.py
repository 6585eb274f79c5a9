"""Webhook endpoints and origins by the partner's own people: the rules and events are REST's."""

from typing import Any

import pytest
from django.test import Client

from movmo.operations.models import AuditEvent, Event
from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner
from partners.webhook.models import MOST_ENDPOINTS, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from partners.webhook.signing import as_text
from tests.partners import hooks
from tests.partners.portal.people import AT, grown_old, once, said, secret_on, send

pytestmark = pytest.mark.django_db
HOOKS = AT + "webhooks/"
NEW = HOOKS + "new/"
URL = "https://hooks.aviare.example/movmo"
ORIGINS = AT + "origins/"


def make(owner: Client, **typed: Any) -> Any:
    return send(owner, NEW, **{"mode": "test", "url": URL, **typed})


def page_of(endpoint: WebhookEndpoint, part: str = "") -> str:
    return f"{HOOKS}{endpoint.pk}/{part}"


def test_an_endpoint_is_made_and_its_secret_shown_once(owner: Client, aviare: Partner) -> None:
    secret = secret_on(make(owner, mode="live", event_types=[hooks.TICKETED]))
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.secret is not None
    assert as_text(endpoint.secret) == secret
    assert (endpoint.partner, endpoint.is_live, endpoint.event_types) == (aviare, True, [hooks.TICKETED])
    listed = owner.get(HOOKS)
    assert secret not in listed.content.decode()
    assert f"Live {URL} on" in said(listed)
    line = AuditEvent.objects.get(operation="create_webhook_endpoint")
    assert (line.door, line.partner_id, line.resource_id) == ("pages", aviare.pk, endpoint.pk)
    assert URL not in str(line.arguments)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://hooks.example.com/", "does not begin with https://"),
        ("https://127.0.0.1/", "names an IP address"),
        ("https://hooks.example.com:8443/", "another port than 443"),
        ("https://a:b@hooks.example.com/", "a user name or password"),
        ("", "Write where to send"),
    ],
)
def test_the_rules_are_rests(owner: Client, url: str, complaint: str) -> None:
    refused = make(owner, url=url)
    assert refused.status_code == 422
    assert complaint in said(refused)
    assert not WebhookEndpoint.objects.exists()


def test_a_type_there_is_not(owner: Client) -> None:
    assert make(owner, event_types=["booking.flown.v1"]).status_code == 422


def test_no_more_than_ten(owner: Client, aviare: Partner) -> None:
    for number in range(MOST_ENDPOINTS):
        hooks.endpoint(aviare, url=f"{URL}/{number}")
    refused = make(owner)
    assert refused.status_code == 422
    assert "There are 10 webhook endpoints already" in said(refused)
    assert make(owner, mode="live").status_code == 200


def test_settings_are_changed(owner: Client) -> None:
    make(owner)
    endpoint = WebhookEndpoint.objects.get()
    assert f'value="{URL}"' in owner.get(page_of(endpoint, "settings/")).content.decode()
    sent = {"action": "save", "url": f"{URL}/2", "event_types": [hooks.CANCELLED]}
    owner.post(page_of(endpoint, "settings/"), sent)
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.event_types, endpoint.state) == (f"{URL}/2", [hooks.CANCELLED], "disabled")
    assert "one of you switched it off" in said(owner.get(page_of(endpoint)))
    owner.post(page_of(endpoint, "settings/"), {**sent, "enabled": "on"})
    endpoint.refresh_from_db()
    assert endpoint.state == "enabled"


def test_a_new_secret_signs_beside_the_old_one(owner: Client) -> None:
    old = secret_on(make(owner))
    endpoint = WebhookEndpoint.objects.get()
    shown = send(owner, page_of(endpoint, "settings/"), action="rotate")
    endpoint.refresh_from_db()
    assert endpoint.secret is not None
    assert endpoint.old_secret is not None
    assert (as_text(endpoint.secret), as_text(endpoint.old_secret)) == (secret_on(shown), old)
    assert "every delivery carries two signatures" in said(shown)


def test_a_deleted_endpoint_is_gone(owner: Client) -> None:
    make(owner)
    endpoint = WebhookEndpoint.objects.get()
    owner.post(page_of(endpoint, "settings/"), {"action": "delete"})
    assert owner.get(page_of(endpoint)).status_code == 404
    assert WebhookEndpoint.objects.get().secret is None


def test_a_test_event_and_sending_it_again(owner: Client) -> None:
    make(owner)
    endpoint = WebhookEndpoint.objects.get()
    told = owner.post(page_of(endpoint), {"action": "ping"}, follow=True)
    assert "webhook_endpoint.ping.v1 waiting" in said(told)
    assert Event.objects.get().type == "webhook_endpoint.ping.v1"
    delivery = WebhookDelivery.objects.get()
    WebhookAttempt.objects.create(
        delivery=delivery, number=1, at=delivery.created_at, status=503, failure="status", duration_ms=212
    )
    WebhookDelivery.objects.update(state="failed", last_failure="status")
    assert "1 attempt, the last: another status than 2xx" in said(owner.get(page_of(endpoint)))
    assert "webhook_endpoint.ping" in said(owner.get(page_of(endpoint) + "?status=failed"))
    assert "There is none that is delivered" in said(owner.get(page_of(endpoint) + "?status=delivered"))
    owner.post(page_of(endpoint), {"action": "redeliver", "delivery_id": str(delivery.pk)})
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert AuditEvent.objects.filter(operation="redeliver_webhook", resource_id=endpoint.pk).exists()


def test_a_period_is_sent_again(owner: Client) -> None:
    make(owner)
    endpoint = WebhookEndpoint.objects.get()
    owner.post(page_of(endpoint), {"action": "ping"})
    WebhookDelivery.objects.update(state="failed")
    day = WebhookDelivery.objects.get().event.created_at.date()
    sent = {"action": "range", "since": f"{day}T00:00", "until": f"{day}T23:59", "status": "failed"}
    assert "1 is on the way again" in said(owner.post(page_of(endpoint), sent, follow=True))
    assert WebhookDelivery.objects.get().state == "waiting"
    turned = {**sent, "since": sent["until"], "until": sent["since"]}
    refused = owner.post(page_of(endpoint), turned)
    assert refused.status_code == 422
    assert "must be before" in said(refused)
    assert owner.post(page_of(endpoint), {**sent, "since": "yesterday"}).status_code == 422


def test_an_endpoint_that_is_off_is_sent_nothing(owner: Client) -> None:
    make(owner)
    endpoint = WebhookEndpoint.objects.get()
    WebhookEndpoint.objects.update(state="disabled", disabled_reason="gone")
    told = owner.post(page_of(endpoint), {"action": "ping"}, follow=True)
    assert "The webhook endpoint is off" in said(told)
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("query", ["?cursor=nonsense", "?status=nonsense", "?cursor=%00"])
def test_odd_addresses_show_the_first_page(owner: Client, query: str) -> None:
    make(owner)
    assert owner.get(page_of(WebhookEndpoint.objects.get()) + query).status_code == 200


def test_older_deliveries_are_a_page_on(owner: Client) -> None:
    make(owner)
    endpoint = WebhookEndpoint.objects.get()
    for _ in range(30):
        owner.post(page_of(endpoint), {"action": "ping"})
    first = owner.get(page_of(endpoint))
    cursor = first.context["deliveries"].next_cursor
    assert len(first.context["deliveries"].data) == 25
    assert len(owner.get(page_of(endpoint), {"cursor": cursor}).context["deliveries"].data) == 5


def test_secrets_and_addresses_take_a_fresh_proof(owner: Client) -> None:
    make(owner)
    endpoint = WebhookEndpoint.objects.get()
    mark = once(owner, page_of(endpoint, "settings/"))
    grown_old(owner)
    for action in ("rotate", "delete", "save"):
        sent = {"action": action, "url": "https://evil.example/", "once": mark}
        assert owner.post(page_of(endpoint, "settings/"), sent)["Location"].startswith("/accounts/confirm/")
    assert owner.get(NEW)["Location"].startswith("/accounts/confirm/")
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.rotations) == (URL, 0)


def test_who_only_looks_is_shown_the_host(owner: Client, viewer: Client) -> None:
    make(owner, url=f"{URL}/hush?token=hush")
    for page in (HOOKS, page_of(WebhookEndpoint.objects.get())):
        seen = viewer.get(page).content.decode()
        assert "https://hooks.aviare.example/…" in seen
        assert "hush" not in seen
        assert "hush" in owner.get(page).content.decode()


class TestOrigins:
    def test_registered_and_removed(self, developer: Client, aviare: Partner) -> None:
        told = developer.post(ORIGINS, {"action": "register", "origin": "https://shop.example/"}, follow=True)
        assert "https://shop.example may show your checkout" in said(told)
        row = CheckoutOrigin.objects.get()
        assert (row.partner, row.origin) == (aviare, "https://shop.example")
        developer.post(ORIGINS, {"action": "remove", "origin_id": str(row.pk)})
        assert not CheckoutOrigin.objects.exists()
        lines = AuditEvent.objects.filter(operation__endswith="checkout_origin").order_by("id")
        assert [line.operation for line in lines] == ["register_checkout_origin", "remove_checkout_origin"]
        assert {line.resource_id for line in lines} == {row.pk}

    @pytest.mark.parametrize(
        ("origin", "complaint"),
        [
            ("https://shop.example/path", "Write it as browsers do: https://shop.example"),
            ("HTTPS://Shop.example", "Write it as browsers do"),
            ("http://shop.example", "begins with https://"),
            ("https://*.shop.example", "a whole name"),
            ("shop.example", "begins with https://"),
            ("", "Write an origin"),
            ("https://4242424242424242.example", "card number"),
        ],
    )
    def test_the_rules_are_the_offices(self, developer: Client, origin: str, complaint: str) -> None:
        refused = developer.post(ORIGINS, {"action": "register", "origin": origin})
        assert refused.status_code == 422
        assert complaint in said(refused)
        assert not CheckoutOrigin.objects.exists()

    def test_once_is_enough(self, developer: Client) -> None:
        for _ in range(2):
            told = developer.post(ORIGINS, {"action": "register", "origin": "https://shop.example"})
        assert told.status_code == 422
        assert "registered already" in said(told)
        assert CheckoutOrigin.objects.count() == 1
