"""Staff see at a glance what was not delivered and why, and send it again."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from movmo.accounts.models import User
from partners.partner.models import Partner
from partners.webhook.delivering import deliver_due
from partners.webhook.models import WebhookDelivery
from tests.office import clerk_with_app, entered
from tests.partners import hooks
from tests.partners.receiver import answer, receiving

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/partners/webhookdelivery/"


@pytest.fixture
def failed(aviare: Partner, tmp_path: Path) -> WebhookDelivery:
    """A delivery whose first attempt met a redirect."""
    with receiving(tmp_path) as receiver, hooks.sent_by(receiver.outbound):
        receiver.answers = [answer("302 Found", "Location: https://inside.example.com/\r\n")]
        hooks.endpoint(aviare)
        delivery = hooks.told_of(aviare)
        deliver_due()
    delivery.refresh_from_db()
    return delivery


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


def ask_again(office: Client, *chosen: WebhookDelivery) -> str:
    form = {"action": "redeliver", "_selected_action": [str(delivery.pk) for delivery in chosen]}
    return office.post(LIST, form, follow=True).content.decode()


def test_why_it_failed_stands_in_the_list_and_beside_each_attempt(office: Client, failed: WebhookDelivery) -> None:
    listed = office.get(LIST).content.decode()
    page = office.get(f"{LIST}{failed.pk}/change/").content.decode()
    for shown in (listed, page):
        assert "a redirect, which is not followed" in shown
        assert "retrying" in shown
    assert "HTTP 302: a redirect, which is not followed" in page
    endpoint = office.get(f"/admin/partners/webhookendpoint/{failed.endpoint_id}/change/").content.decode()
    assert "failing" in endpoint
    assert "hooks.example.com" in endpoint
    assert "tenant=7" not in listed + page + endpoint


def test_staff_send_again_and_it_is_written_down(office: Client, failed: WebhookDelivery) -> None:
    assert "1 on their way again." in ask_again(office, failed)
    failed.refresh_from_db()
    assert (failed.state, failed.tries, failed.last_failure) == ("waiting", 0, "")
    assert failed.attempts.count() == 1
    assert "Sent again." in office.get(f"{LIST}{failed.pk}/history/").content.decode()


def test_what_cannot_be_sent_is_left_alone_and_said(office: Client, failed: WebhookDelivery) -> None:
    failed.endpoint.state = "disabled"
    failed.endpoint.save(update_fields=["state"])
    told = ask_again(office, failed)
    assert "0 on their way again." in told
    assert "1 were left alone" in told
    failed.refresh_from_db()
    assert failed.tries == 1


def test_who_may_only_look_cannot_send(client: Client, failed: WebhookDelivery) -> None:
    looker: User = clerk_with_app(is_superuser=False)
    looker.user_permissions.set(Permission.objects.filter(codename="view_webhookdelivery"))
    office = entered(client, looker)
    assert "Send the selected deliveries again" not in office.get(LIST).content.decode()
    ask_again(office, failed)
    failed.refresh_from_db()
    assert failed.tries == 1
