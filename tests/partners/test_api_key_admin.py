"""API keys in the back office: shown once, kept nowhere."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from movmo.accounts.models import User
from movmo.kit import clock
from partners.api_key import secret, services
from partners.api_key.models import ApiKey
from partners.oauth.models import Application
from partners.partner.models import Partner
from tests import factories
from tests.office import clerk_with_app, entered

KEYS = "/admin/partners/apikey/"
CLIENTS = "/admin/partners/application/"


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def form(partner: Partner, **changes: str) -> dict[str, str]:
    fields = {"partner": str(partner.pk), "name": "back end", "mode": "test", "expires_at_0": "", "expires_at_1": ""}
    return fields | changes


def on(at: Any) -> dict[str, str]:
    return {"expires_at_0": f"{at:%Y-%m-%d}", "expires_at_1": f"{at:%H:%M:%S}"}


def shown(response: Any) -> str:
    """The one key on the page."""
    assert response.status_code == 200
    (raw,) = set(re.findall(r"mvm_(?:live|test)_[0-9A-Za-z]{36}", response.content.decode()))
    assert secret.is_well_formed(raw)
    return str(raw)


def act(office: Client, action: str, *keys: ApiKey) -> Any:
    return office.post(KEYS, {"action": action, "_selected_action": [str(key.pk) for key in keys]})


def messages_after(office: Client) -> str:
    return office.get(KEYS).content.decode()


def everything_kept() -> str:
    """Every column of every row of every table."""
    return repr([list(model._base_manager.values_list()) for model in apps.get_models()])


def assert_kept_nowhere(text: str, office: Client, response: Any, logged: pytest.LogCaptureFixture) -> None:
    """Not at rest, not in what the browser was given to keep, not in the log, not on a page that is opened again."""
    assert "no-store" in response["Cache-Control"]
    cookies = repr({name: morsel.value for name, morsel in office.cookies.items()})
    session = repr(dict(office.session))
    for middle in (text, text[12:-4]):
        assert middle not in everything_kept()
        assert middle not in cookies
        assert middle not in session
        assert middle not in logged.text
        assert middle not in messages_after(office)
        assert middle not in office.get("/admin/").content.decode()


@pytest.mark.parametrize("mode", ["test", "live"])
def test_a_new_key_is_shown_once_and_kept_nowhere(
    office: Client, aviare: Partner, mode: str, logged: pytest.LogCaptureFixture
) -> None:
    response = office.post(KEYS + "add/", form(aviare, mode=mode))
    raw = shown(response)
    key = ApiKey.objects.get()
    assert raw.startswith(f"mvm_{mode}_")
    assert (key.digest, key.is_live, key.partner) == (secret.digest(raw), mode == "live", aviare)
    assert_kept_nowhere(raw, office, response, logged)
    change = office.get(f"{KEYS}{key.pk}/change/").content.decode()
    assert raw not in change
    assert key.digest not in change
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.is_addition()) == (str(key.pk), True)


def test_a_new_key_is_a_test_key_unless_somebody_chooses(office: Client, aviare: Partner) -> None:
    page = office.get(KEYS + "add/").content.decode()
    (chosen,) = re.findall(r'<input[^>]*name="mode"[^>]* checked>', page)
    assert 'value="test"' in chosen
    assert office.post(KEYS + "add/", form(aviare, mode="")).status_code == 200
    assert not ApiKey.objects.exists()


def test_a_rotation_shows_the_new_key_once(office: Client, aviare: Partner, logged: pytest.LogCaptureFixture) -> None:
    factories.api_key(aviare, live=True)
    old = ApiKey.objects.get()
    response = act(office, "rotate", old)
    raw = shown(response)
    old.refresh_from_db()
    assert old.replaced_by is not None
    assert old.replaced_by.digest == secret.digest(raw)
    assert_kept_nowhere(raw, office, response, logged)
    told = {(entry.object_id, entry.get_change_message()) for entry in LogEntry.objects.all()}
    assert told == {
        (str(old.pk), f"Rotated: replaced by {old.replaced_by}."),
        (str(old.replaced_by.pk), f"Issued in the place of {old}."),
    }


def test_one_key_is_rotated_at_a_time(office: Client, aviare: Partner) -> None:
    for _ in range(2):
        factories.api_key(aviare)
    act(office, "rotate", *ApiKey.objects.all())
    assert "one key at a time" in messages_after(office)
    assert ApiKey.objects.count() == 2


def test_what_cannot_be_rotated_says_why(office: Client, aviare: Partner) -> None:
    factories.api_key(aviare)
    key = ApiKey.objects.get()
    services.revoke(key, now=clock.now())
    act(office, "rotate", key)
    assert "has been revoked already" in messages_after(office)


def test_staff_revoke_keys(office: Client, aviare: Partner) -> None:
    factories.api_key(aviare)
    key = ApiKey.objects.get()
    act(office, "revoke", key)
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert LogEntry.objects.get().get_change_message() == "Revoked."


@pytest.mark.parametrize(("rights", "offered"), [("view", set()), ("view change", set()), ("view delete", {"revoke"})])
def test_who_may_only_look_is_offered_no_more(aviare: Partner, ops: User, rights: str, offered: set[str]) -> None:
    factories.api_key(aviare)
    key = ApiKey.objects.get()
    for right in rights.split():
        ops.user_permissions.add(Permission.objects.get(codename=f"{right}_apikey"))
    clerk = entered(Client(), ops)
    page = clerk.get(KEYS).content.decode()
    assert set(re.findall(r'<option value="(rotate|revoke)"', page)) == offered
    act(clerk, "rotate", key)
    assert ApiKey.objects.count() == 1
    act(clerk, "revoke", key)
    key.refresh_from_db()
    assert (key.revoked_at is not None) is ("revoke" in offered)


def test_an_end_in_the_past_is_refused(office: Client, aviare: Partner) -> None:
    yesterday = clock.now() - timedelta(days=1)
    assert "date in the future" in office.post(KEYS + "add/", form(aviare, **on(yesterday))).content.decode()
    assert not ApiKey.objects.exists()
    factories.api_key(aviare)
    key = ApiKey.objects.get()
    page = office.post(f"{KEYS}{key.pk}/change/", {"name": "back end", **on(yesterday)}).content.decode()
    assert "date in the future" in page
    key.refresh_from_db()
    assert key.expires_at is None


def test_staff_prolong_a_key(office: Client, aviare: Partner) -> None:
    now = clock.now().replace(microsecond=0)
    key, _ = services.issue(partner=aviare, name="back end", now=now, expires_at=now + timedelta(days=1))
    later = now + timedelta(days=90)
    saved = office.post(f"{KEYS}{key.pk}/change/", {"name": "nightly batch", **on(later)})
    assert saved.status_code == 302
    key.refresh_from_db()
    assert (key.name, key.expires_at) == ("nightly batch", later)


def test_a_dead_key_is_renamed_and_not_revived(office: Client, aviare: Partner) -> None:
    factories.api_key(aviare)
    key = ApiKey.objects.get()
    services.revoke(key, now=clock.now())
    tomorrow = on(clock.now() + timedelta(days=1))
    page = office.post(f"{KEYS}{key.pk}/change/", {"name": "old", **tomorrow}).content.decode()
    assert "can no longer be changed" in page
    assert office.post(f"{KEYS}{key.pk}/change/", {"name": "old", **form_end(key)}).status_code == 302
    key.refresh_from_db()
    assert (key.name, key.expires_at) == ("old", None)


def form_end(key: ApiKey) -> dict[str, str]:
    return {"expires_at_0": "", "expires_at_1": ""} if key.expires_at is None else on(key.expires_at)


def test_the_list_marks_what_expires_soon_and_filters_by_state_and_mode(office: Client, aviare: Partner) -> None:
    now = clock.now()
    services.issue(partner=aviare, name="ends soon", now=now, expires_at=now + timedelta(days=3))
    services.issue(partner=aviare, name="never ends", now=now, live=True)

    def listed(query: str) -> set[str]:
        page = office.get(KEYS + query).content.decode()
        return {name for name in ("ends soon", "never ends") if f">{name}<" in page}

    assert listed("") == {"ends soon", "never ends"}
    assert listed("?state=expiring") == {"ends soon"}
    assert listed("?state=usable") == {"never ends"}
    assert listed("?is_live__exact=1") == {"never ends"}


def test_a_client_s_secret_is_shown_once_and_kept_nowhere(
    office: Client, aviare: Partner, logged: pytest.LogCaptureFixture
) -> None:
    client = {
        "name": "Aviare back end",
        "partner": str(aviare.pk),
        "client_type": Application.CLIENT_CONFIDENTIAL,
        "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        "redirect_uris": "https://aviare.example/callback",
    }
    response = office.post(CLIENTS + "add/", client)
    assert response.status_code == 200, response
    found = re.search(r'id="secret"[^>]*value="([^"]{40,})"', response.content.decode())
    assert found is not None
    assert_kept_nowhere(found.group(1), office, response, logged)
