"""OAuth clients by the partner's own people, within what staff allow."""

from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from movmo.operations.context import Door
from movmo.operations.models import AuditEvent
from movmo.operations.scopes import SCOPES
from partners import authentication
from partners.authentication import TokenInvalid
from partners.oauth import clients
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.partners.portal.people import AT, grown_old, once, said, secret_on, send

pytestmark = pytest.mark.django_db
CLIENTS = AT + "clients/"
NEW = CLIENTS + "new/"
BACK = "https://aviare.example/back"


def make(owner: Client, kind: str = "public", **typed: Any) -> Any:
    form = {"name": "Trips", "kind": kind, "redirect_uris": BACK, "allowed_scopes": ["flights:read"], **typed}
    return send(owner, NEW, **form)


def page_of(client: Application) -> str:
    return f"{CLIENTS}of/{client.client_id}/"


def test_a_public_client_has_no_secret_to_show(owner: Client, aviare: Partner) -> None:
    made = make(owner, redirect_uris=f"{BACK}\nhttp://127.0.0.1/callback")
    client = Application.objects.get()
    assert made["Location"] == page_of(client)
    assert (client.partner, client.client_type, client.allowed_scopes) == (aviare, "public", "flights:read")
    assert client.redirect_uris.split() == [BACK, "http://127.0.0.1/callback"]
    assert client.algorithm == "RS256"
    assert client.is_verified


def test_a_confidential_clients_secret_is_shown_once(owner: Client) -> None:
    secret = secret_on(make(owner, "confidential"))
    client = Application.objects.get()
    assert check_password(secret, client.client_secret)
    assert secret not in owner.get(page_of(client)).content.decode()
    line = AuditEvent.objects.get(operation="create_oauth_client")
    assert line.arguments == {"client_id": client.client_id, "client_type": "confidential", "scopes": "flights:read"}


def lead(owner: Client, client: Application, to: str) -> Any:
    return owner.post(page_of(client), {"action": "redirect", "redirect_uris": to}, follow=True)


def test_answers_are_led_elsewhere(owner: Client, aviare: Partner) -> None:
    make(owner, "confidential")
    client = Application.objects.get()
    secret = client.client_secret
    assert BACK in said(owner.get(page_of(client)))
    told = said(lead(owner, client, f"{BACK}/one\n\n {BACK}/two"))
    client.refresh_from_db()
    assert client.redirect_uris.split() == [f"{BACK}/one", f"{BACK}/two"]
    assert f"{BACK}/one, {BACK}/two" in told
    assert client.client_secret == secret
    assert AuditEvent.objects.get(operation="change_oauth_client").partner_id == aviare.pk


@pytest.mark.parametrize(
    ("to", "complaint"),
    [
        ("", "Write at least one"),
        ("http://aviare.example/back", "http is for loopback addresses only"),
        ("http://127.0.0.1/back", "not on a loopback address"),
    ],
)
def test_where_answers_may_not_go(owner: Client, to: str, complaint: str) -> None:
    make(owner, "confidential")
    client = Application.objects.get()
    answer = lead(owner, client, to)
    assert (answer.status_code, complaint in said(answer)) == (422, True)
    client.refresh_from_db()
    assert client.redirect_uris == BACK
    assert not AuditEvent.objects.filter(operation="change_oauth_client").exists()


def test_a_disabled_client_leads_nowhere_else(owner: Client) -> None:
    make(owner)
    client = Application.objects.get()
    owner.post(page_of(client), {"action": "disable"})
    assert "This client is disabled" in said(lead(owner, client, f"{BACK}/one"))
    client.refresh_from_db()
    assert client.redirect_uris == BACK


def test_a_new_secret_ends_the_old_one(owner: Client) -> None:
    old = secret_on(make(owner, "confidential"))
    client = Application.objects.get()
    fresh = secret_on(send(owner, page_of(client), action="rotate"))
    client.refresh_from_db()
    assert check_password(fresh, client.client_secret)
    assert not check_password(old, client.client_secret)


def test_a_public_client_gets_no_secret(owner: Client) -> None:
    make(owner)
    client = Application.objects.get()
    told = owner.post(page_of(client), {"action": "rotate", "once": once(owner, NEW)}, follow=True)
    assert "A public client has no secret" in said(told)


def test_a_disabled_client_and_its_tokens_are_over(owner: Client, aviare: Partner) -> None:
    make(owner)
    client = Application.objects.get()
    token = factories.token(factories.traveler(), ["flights:read"], client)
    owner.post(page_of(client), {"action": "disable"})
    client.refresh_from_db()
    assert client.disabled_at is not None
    with pytest.raises(TokenInvalid):
        authentication.authenticate(door=Door.REST, api_key=None, bearer=token, request_id="")
    ended = client.disabled_at
    owner.post(page_of(client), {"action": "disable"})
    client.refresh_from_db()
    assert client.disabled_at == ended
    with pytest.raises(clients.ClientOff):
        clients.rotate_secret(client)


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ({"redirect_uris": "http://aviare.example/back"}, "http is for loopback addresses only"),
        ({"redirect_uris": "https://u:p@aviare.example/"}, "without a user"),
        ({"redirect_uris": "javascript:alert(1)"}, "scheme"),
        ({"redirect_uris": "\n".join(f"{BACK}{number}" for number in range(11))}, "At most 10 redirect URIs"),
        ({"redirect_uris": ""}, "Write at least one"),
        ({"allowed_scopes": []}, "Tick at least one"),
        ({"allowed_scopes": ["everything"]}, "Tick scopes of this list only"),
        ({"name": " "}, "Give it a name"),
        ({"kind": "confidential", "redirect_uris": "http://127.0.0.1/back"}, "not on a loopback address"),
    ],
)
def test_the_rules_are_the_houses(owner: Client, typed: dict[str, Any], complaint: str) -> None:
    refused = make(owner, typed.pop("kind", "public"), **typed)
    assert refused.status_code == 422
    assert complaint in said(refused)
    assert not Application.objects.exists()


def test_only_scopes_that_staff_allow_are_offered(owner: Client, aviare: Partner) -> None:
    aviare.client_scopes = "flights:read bookings:read"
    aviare.save()
    offered = said(owner.get(NEW))
    assert [scope for scope in SCOPES if scope in offered] == ["flights:read", "bookings:read"]
    assert make(owner, allowed_scopes=["bookings:write"]).status_code == 422


def test_every_scope_ticked_is_a_limit_too(owner: Client) -> None:
    make(owner, allowed_scopes=list(SCOPES))
    assert Application.objects.get().allowed_scopes.split() == list(SCOPES)


def test_there_is_an_end_to_clients(owner: Client, aviare: Partner) -> None:
    for number in range(clients.MOST_CLIENTS):
        factories.application(f"app-{number}", of=aviare)
    refused = make(owner)
    assert refused.status_code == 422
    assert "Disable one first" in said(refused)


def test_an_old_session_shows_again_who_it_is(owner: Client) -> None:
    make(owner, "confidential")
    page = page_of(Application.objects.get())
    grown_old(owner)
    for action in ("rotate", "disable"):
        assert owner.post(page, {"action": action})["Location"].startswith("/accounts/confirm/")
    assert Application.objects.get().disabled_at is None


@pytest.mark.parametrize("odd", ["%00", "nobody", "%F0%9F%92%A9", "a%20b"])
def test_a_client_there_is_not(owner: Client, odd: str) -> None:
    assert owner.get(f"{CLIENTS}of/{odd}/").status_code == 404


def test_scopes_that_staff_mistype_are_refused(aviare: Partner) -> None:
    from django.core.exceptions import ValidationError

    aviare.client_scopes = "flights:read flights:fly"
    with pytest.raises(ValidationError, match="flights:fly"):
        aviare.full_clean()
