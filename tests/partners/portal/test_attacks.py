"""Who has no business here, or not this: refused by the server, whatever page they send from."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import get_resolver

from movmo.operations.models import AuditEvent
from partners.api_key.models import ApiKey
from partners.member.models import Member, Role
from partners.oauth.models import Application
from partners.partner.models import Partner
from partners.portal import urls
from partners.webhook.models import WebhookEndpoint
from tests import factories
from tests.accounts.person import sign_in
from tests.partners import hooks
from tests.partners.portal.people import AT, grown_old, member_at, once, said, send

pytestmark = pytest.mark.django_db
NOTHING = UUID(int=7)
NAMES = [pattern.name for pattern in urls.urlpatterns if pattern.name]
PAGES = sorted(name for name in NAMES if name not in ("arrival", "invitation"))

LOOKED_AT = {"overview", "keys", "clients", "webhooks", "usage", "team"}
"""Pages without a form: whoever posts there is told so, before anybody asks who it is."""


def things_of(partner: Partner) -> dict[str, Any]:
    """One of each, by the name it has in addresses."""
    factories.api_key(partner)
    client = factories.application(f"{partner.slug}-web", of=partner)
    made = hooks.endpoint(partner)
    return {
        "key_id": ApiKey.objects.get(partner=partner).pk,
        "client_id": client.client_id,
        "endpoint_id": made.endpoint_id,
        "member_id": factories.member(partner, f"boss@{partner.slug}.example").pk,
        "invitation_id": factories.invitation(partner, f"new@{partner.slug}.example").pk,
        "origin_id": factories.checkout_origin(partner, f"https://{partner.slug}.example").pk,
    }


def addresses(slug: str, things: dict[str, Any]) -> dict[str, str]:
    """Every page of the room, with these things in its address."""
    resolver = get_resolver("partners.portal.urls")
    found = {}
    for name in PAGES:
        possible = resolver.reverse_dict.getlist(name)[0]
        wanted = {key: str(things.get(key, slug)) for key in possible[0][0][1]}
        found[name] = "/" + resolver.reverse(name, **wanted)
    return found


def changed() -> tuple[int, ...]:
    """Whether anything was."""
    rows = (ApiKey.objects.filter(revoked_at=None), Application.objects.filter(disabled_at=None), Member.objects)
    endpoints = WebhookEndpoint.objects.exclude(state="deleted")
    return (*(each.count() for each in rows), endpoints.count(), ApiKey.objects.count(), AuditEvent.objects.count())


EVERYTHING = {
    "action": "revoke", "name": "mine", "mode": "test", "overlap": "0", "kind": "public", "role": "owner",
    "redirect_uris": "https://evil.example/", "allowed_scopes": ["flights:read"], "url": "https://evil.example/hook",
    "email": "evil@example.com", "origin": "https://evil.example", "event_types": [], "enabled": "on",
    "since": "2026-01-01T00:00", "until": "2027-01-01T00:00", "status": "failed", "once": str(NOTHING),
}  # fmt: skip
ACTIONS = ("revoke", "rotate", "redirect", "disable", "remove", "register", "delete", "save", "role", "ping",
           "redeliver", "range")  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_nobody_comes_in_without_signing_in(client: Client, aviare: Partner, name: str) -> None:
    address = addresses("aviare", things_of(aviare))[name]
    before = changed()
    for answer in (client.get(address), client.post(address, EVERYTHING)):
        assert answer["Location"].startswith("/accounts/login/?next=/partner/")
    assert changed() == before


@pytest.mark.parametrize("name", PAGES)
def test_for_who_is_no_member_every_page_is_absent(aviare: Partner, kestrel: Partner, name: str) -> None:
    address = addresses("aviare", things_of(aviare))[name]
    strangers = [sign_in("ana@example.com"), member_at(kestrel, Role.OWNER, "boss@kestrel.example")]
    before = changed()
    for stranger in strangers:
        for action in ("", *ACTIONS):
            answer = stranger.post(address, {**EVERYTHING, "action": action})
            assert answer.status_code == (405 if name in LOOKED_AT else 404)
        seen = stranger.get(address)
        assert seen.status_code == (405 if name == "withdraw" else 404)
        assert "aviare" not in said(seen).lower()
    assert changed() == before


def test_a_partner_that_is_not_there_looks_the_same(aviare: Partner) -> None:
    ana = sign_in("ana@example.com")
    absent, others = ana.get("/partner/nowhere/"), ana.get("/partner/aviare/")
    assert (absent.status_code, said(absent)) == (others.status_code, said(others))
    assert "Ask an owner of your company’s pages" in said(absent)


@pytest.mark.parametrize("name", ["key", "client", "endpoint", "endpoint_settings", "member", "withdraw"])
def test_anothers_things_are_absent_under_ones_own_name(owner: Client, kestrel: Partner, name: str) -> None:
    address = addresses("aviare", {**things_of(kestrel), "slug": "aviare"})[name]
    assert address.startswith(AT)
    before = changed()
    assert owner.get(address).status_code == (405 if name == "withdraw" else 404)
    for action in ACTIONS:
        assert owner.post(address, {**EVERYTHING, "action": action}).status_code == 404
    assert changed() == before


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("key", "rotate"), ("key", "revoke"), ("client", "redirect"), ("client", "rotate"), ("client", "disable"),
        ("endpoint", "ping"), ("endpoint", "range"), ("endpoint_settings", "save"), ("endpoint_settings", "rotate"),
        ("endpoint_settings", "delete"), ("member", "role"), ("member", "remove"), ("withdraw", ""),
    ],
)  # fmt: skip
def test_each_act_upon_anothers_thing_is_404(owner: Client, kestrel: Partner, name: str, action: str) -> None:
    address = addresses("aviare", {**things_of(kestrel), "slug": "aviare"})[name]
    assert owner.post(address, {**EVERYTHING, "action": action}).status_code == 404


def test_anothers_delivery_and_origin_are_404(owner: Client, aviare: Partner, kestrel: Partner) -> None:
    theirs, mine = things_of(kestrel), hooks.endpoint(aviare)
    delivery = hooks.ask(hooks.by_test_key(kestrel), "ping_webhook_endpoint", endpoint_id=str(theirs["endpoint_id"]))
    page = f"{AT}webhooks/{mine.endpoint_id}/"
    sent = {"action": "redeliver", "delivery_id": str(delivery.delivery_id)}
    assert owner.post(page, sent).status_code == 404
    assert owner.post(AT + "origins/", {"action": "remove", "origin_id": theirs["origin_id"]}).status_code == 404
    assert owner.post(AT + "origins/", {"action": "remove", "origin_id": "1 OR 1=1"}).status_code == 404


@pytest.mark.parametrize("name", [name for name in PAGES])
def test_a_viewer_changes_nothing(viewer: Client, aviare: Partner, name: str) -> None:
    address = addresses("aviare", things_of(aviare))[name]
    before = changed()
    for action in ("", *ACTIONS):
        answer = viewer.post(address, {**EVERYTHING, "action": action})
        assert answer.status_code in (403, 405)
    assert changed() == before


@pytest.mark.parametrize("name", ["overview", "keys", "clients", "origins", "webhooks", "endpoint", "usage", "team"])
def test_a_viewer_sees_it_and_no_button(viewer: Client, aviare: Partner, name: str) -> None:
    page = viewer.get(addresses("aviare", things_of(aviare))[name])
    assert page.status_code == 200
    main = page.content.decode().partition("<main")[2].partition("</main")[0]
    assert "<form" not in main
    assert "<button" not in main
    assert 'class="button"' not in main


@pytest.mark.parametrize("name", ["invite", "member", "withdraw"])
def test_a_developer_does_not_say_who_is_in(developer: Client, aviare: Partner, name: str) -> None:
    address = addresses("aviare", things_of(aviare))[name]
    before = changed()
    for action in ("", "role", "remove"):
        assert developer.post(address, {**EVERYTHING, "action": action}).status_code == 403
    assert changed() == before


def test_who_is_removed_is_out_with_the_next_click(developer: Client, aviare: Partner) -> None:
    page = AT + "keys/new/"
    mark = once(developer, page)
    Member.objects.filter(user__email="coder@aviare.example").delete()
    sent = {"once": mark, "name": "mine", "mode": "test", "days": ""}
    assert developer.post(page, sent).status_code == 404
    assert developer.get(AT).status_code == 404
    assert not ApiKey.objects.exists()


def test_who_became_a_viewer_presses_in_vain(developer: Client, aviare: Partner) -> None:
    page = AT + "keys/new/"
    mark = once(developer, page)
    Member.objects.filter(user__email="coder@aviare.example").update(role=Role.VIEWER)
    assert developer.post(page, {"once": mark, "name": "mine", "mode": "test", "days": ""}).status_code == 403
    assert not ApiKey.objects.exists()


def test_a_partner_that_was_suspended_has_no_pages(owner: Client, aviare: Partner) -> None:
    aviare.is_active = False
    aviare.save()
    assert owner.get(AT).status_code == 404
    assert owner.get("/partner/").status_code == 404


@pytest.mark.parametrize(
    "extra",
    [
        {"plan": "x", "is_active": "", "live_keys": "on", "client_scopes": "", "partner": str(NOTHING)},
        {"digest": "0" * 64, "is_live": "on", "revoked_at": "", "replaced_by": ""},
    ],
)
def test_what_is_staffs_cannot_be_posted_along(owner: Client, aviare: Partner, extra: dict[str, str]) -> None:
    aviare.plan.live_keys = False
    aviare.plan.save()
    send(owner, AT + "keys/new/", name="mine", mode="test", days="", **extra)
    key = ApiKey.objects.get()
    assert (key.partner, key.is_live) == (aviare, False)
    aviare.refresh_from_db()
    assert (aviare.is_active, aviare.plan.name, aviare.plan.live_keys) == (True, "commercial", False)


def test_a_client_is_its_partners_whatever_is_posted(owner: Client, aviare: Partner, kestrel: Partner) -> None:
    aviare.client_scopes = "flights:read"
    aviare.save()
    form = {"name": "Trips", "kind": "public", "redirect_uris": "https://aviare.example/back"}
    extra = {"partner": str(kestrel.pk), "skip_authorization": "on", "tool_limits": "x=1", "client_id": "chosen"}
    refused = send(owner, AT + "clients/new/", **form, **extra, allowed_scopes=["flights:read", "bookings:write"])
    assert refused.status_code == 422
    assert not Application.objects.exists()
    send(owner, AT + "clients/new/", **form, **extra, allowed_scopes=["flights:read"])
    made = Application.objects.get()
    assert (made.partner, made.allowed_scopes, made.skip_authorization) == (aviare, "flights:read", False)
    assert made.tool_limits == ""
    assert made.client_id != "chosen"


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_nothing_leads_elsewhere(owner: Client, where: str) -> None:
    grown_old(owner)
    asked = owner.get(f"{AT}keys/new/?next={where}")
    assert asked["Location"] == "/accounts/confirm/?next=%2Fpartner%2Faviare%2Fkeys%2Fnew%2F"
    arrived = owner.get("/partner/", {"next": where})
    assert arrived["Location"] == AT


def test_a_form_without_its_token_is_refused(aviare: Partner) -> None:
    signed_in = member_at(aviare)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = signed_in.cookies
    for page in ("keys/new/", "origins/", "clients/new/", "webhooks/new/", "team/invite/", "quick-start/"):
        assert strict.post(AT + page, EVERYTHING).status_code == 403
    assert not ApiKey.objects.exists()


def test_what_browsers_may_do_with_it(owner: Client) -> None:
    page = owner.get(AT)
    policy = page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert page["X-Frame-Options"] == "DENY"
    assert "no-store" in page["Cache-Control"]
    assert " style=" not in page.content.decode()
    assert "<script>" not in page.content.decode()


def test_names_of_markup_stay_names(owner: Client) -> None:
    send(owner, AT + "keys/new/", name="<script>alert(1)</script>", mode="test", days="")
    listed = owner.get(AT + "keys/").content.decode()
    assert "<script>alert" not in listed
    assert "&lt;script&gt;alert(1)" in listed
