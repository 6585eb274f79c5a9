"""The pages of a partner's people: looked at one by one, and used as people use them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from movmo.kit import clock
from movmo.operations import usage
from movmo.operations.usage import Count
from partners.api_key import services as api_keys
from partners.api_key.models import ApiKey
from partners.member.models import Member, Role
from partners.oauth.models import Application
from partners.partner.models import Partner
from partners.webhook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests import factories, letters
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.person import sign_in
from tests.browser.tab import Tab
from tests.partners import hooks

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]
AT = "/partner/aviare/"
DEV = "dev@aviare.example"


@pytest.fixture
def desk(new_tab: NewTab, aviare: Partner) -> Tab:
    """An owner of aviare's, signed in by a code a moment ago."""
    factories.member(aviare)
    tab = new_tab()
    tab.open("/partner/")
    sign_in(tab, DEV)
    assert tab.path == AT
    return tab


@pytest.fixture
def busy(aviare: Partner) -> Partner:
    """With something of everything."""
    now = clock.now()
    aviare.plan.month_quota = 100_000
    aviare.plan.save()
    for day in range(30):
        line = usage.Line(aviare.pk, (now - timedelta(days=day)).date(), "search_flights")
        usage.BOOK._add(line, Count(40 + day * 37 % 260, day % 7))
        usage.BOOK._add(line._replace(operation="create_booking"), Count(5 + day % 9))
    api_keys.issue(partner=aviare, name="ends soon", now=now, expires_at=now + timedelta(days=3))
    live, _ = api_keys.issue(partner=aviare, name="production back end", now=now, live=True)
    api_keys.rotate(live, now=now)
    gone, _ = api_keys.issue(partner=aviare, name="laptop", now=now)
    api_keys.revoke(gone, now=now)
    factories.application("aviare-web", of=aviare)
    factories.checkout_origin(aviare)
    made = hooks.endpoint(aviare, url="https://hooks.aviare.example/movmo/a-rather-long-path/for/events")
    hooks.ask(hooks.by_test_key(aviare), "ping_webhook_endpoint", endpoint_id=str(made.endpoint_id))
    _failed(WebhookDelivery.objects.get())
    factories.member(aviare, "looks@aviare.example", Role.VIEWER)
    factories.invitation(aviare)
    return aviare


def _failed(delivery: WebhookDelivery) -> None:
    for number, (status, failure) in enumerate([(503, "status"), (None, "timeout")], start=1):
        WebhookAttempt.objects.create(
            delivery=delivery, number=number, at=clock.now(), status=status, failure=failure, duration_ms=212 * number
        )
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state="failed", last_failure="timeout")


@pytest.mark.parametrize("page", ["", "quick-start/", "keys/", "clients/", "origins/", "webhooks/", "usage/", "team/"])
def test_with_nothing_yet(desk: Tab, page: str, looks_right: LooksRight) -> None:
    assert desk.open(AT + page) == 200
    looks_right(desk, f"partner-empty-{page.strip('/') or 'overview'}")


@pytest.mark.parametrize("page", ["", "quick-start/", "keys/", "clients/", "origins/", "webhooks/", "usage/", "team/"])
def test_with_something_of_everything(busy: Partner, desk: Tab, page: str, looks_right: LooksRight) -> None:
    assert desk.open(AT + page) == 200
    looks_right(desk, f"partner-{page.strip('/') or 'overview'}")


@pytest.mark.parametrize(
    ("page", "button"),
    [
        ("keys/new/", "Make the key"),
        ("clients/new/", "Make the client"),
        ("webhooks/new/", "Make the endpoint"),
        ("team/invite/", "Send the invitation"),
    ],
)
def test_forms(desk: Tab, page: str, button: str, looks_right: LooksRight) -> None:
    assert desk.open(AT + page) == 200
    name = page.strip("/").replace("/", "-")
    looks_right(desk, f"partner-{name}")
    desk.click("button", button)
    assert desk.evaluate("() => document.querySelectorAll('.errors').length") > 0
    looks_right(desk, f"partner-{name}-wrong", reopened=False)


def test_one_of_each(busy: Partner, desk: Tab, looks_right: LooksRight) -> None:
    key = ApiKey.objects.get(name="ends soon")
    endpoint = WebhookEndpoint.objects.get()
    other = Member.objects.get(user__email="looks@aviare.example")
    client = Application.objects.get()
    Application.objects.filter(pk=client.pk).update(client_type="confidential")
    pages = {
        "key": f"keys/{key.pk}/",
        "client": f"clients/of/{client.client_id}/",
        "endpoint": f"webhooks/{endpoint.pk}/",
        "endpoint-settings": f"webhooks/{endpoint.pk}/settings/",
        "member": f"team/{other.pk}/",
    }
    for name, page in pages.items():
        assert desk.open(AT + page) == 200
        if name == "endpoint":
            desk.do(lambda opened: opened.locator("details.more summary").first.click())
        looks_right(desk, f"partner-{name}")


def test_a_key_is_made_and_copied(desk: Tab, looks_right: LooksRight) -> None:
    desk.do_in_context(lambda context: context.grant_permissions(["clipboard-read", "clipboard-write"]))
    desk.open(AT + "keys/")
    desk.click("link", "New key")
    desk.fill("Name", "staging back end")
    desk.click("button", "Make the key")
    looks_right(desk, "partner-secret")
    raw = desk.do(lambda page: page.input_value("#secret"))
    desk.do(lambda page: page.click("[data-copy=secret]"))
    desk.do(lambda page: page.wait_for_selector("text=Copied"))
    assert desk.evaluate("() => navigator.clipboard.readText()") == raw
    desk.click("link", "I have copied it")
    assert desk.path == AT + "keys/"
    assert "staging back end" in desk.text


def test_the_quick_start_with_a_key(desk: Tab, looks_right: LooksRight) -> None:
    desk.do_in_context(lambda context: context.grant_permissions(["clipboard-read", "clipboard-write"]))
    desk.open(AT + "quick-start/")
    desk.click("button", "Make a test key for these lines")
    raw = desk.do(lambda page: page.input_value("#secret"))
    looks_right(desk, "partner-quick-start-key")
    desk.do(lambda page: page.click("[data-copy=snippet-hello]"))
    desk.do(lambda page: page.wait_for_selector("text=Copied"))
    assert f"export MOVMO_KEY={raw}\n" in desk.evaluate("() => navigator.clipboard.readText()")


def test_by_the_keyboard_alone(desk: Tab) -> None:
    desk.open(AT + "keys/new/")
    desk.reach("textbox", "Name")
    desk.write("typed")
    desk.reach("button", "Make the key")
    desk.send("Enter")
    assert ApiKey.objects.get().name == "typed"


def test_somebody_new_comes_by_the_letter(
    desk: Tab, new_tab: NewTab, aviare: Partner, settings: Any, looks_right: LooksRight
) -> None:
    desk.open(AT + "team/invite/")
    desk.fill("Email", "new@aviare.example")
    desk.click("button", "Send the invitation")
    letters.post()
    letter = next(str(one.body) for one in mail.outbox if one.to == ["new@aviare.example"])
    link = re.search(r"/partner/invitations/\S+", letter)
    assert link is not None
    newcomer = new_tab()
    newcomer.open(link.group())
    sign_in(newcomer, "new@aviare.example")
    looks_right(newcomer, "partner-invitation")
    newcomer.click("button", "Join as developer")
    assert newcomer.path == AT
    assert newcomer.open(link.group()) == 404
    looks_right(newcomer, "partner-no-invitation")


def test_for_who_is_no_member(anas_tab: Tab, aviare: Partner, looks_right: LooksRight) -> None:
    assert anas_tab.open("/partner/") == 404
    looks_right(anas_tab, "partner-nobody")


def test_choosing_and_a_viewer(new_tab: NewTab, aviare: Partner, kestrel: Partner, looks_right: LooksRight) -> None:
    for partner in (aviare, kestrel):
        factories.member(partner, DEV, Role.VIEWER)
    tab = new_tab()
    tab.open("/partner/")
    sign_in(tab, DEV)
    looks_right(tab, "partner-choose")
    tab.open(AT + "keys/")
    looks_right(tab, "partner-viewer")
    assert tab.open(AT + "keys/new/") == 403
    looks_right(tab, "partner-refused")
    assert tab.open(AT + "keys/0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10/") == 403
