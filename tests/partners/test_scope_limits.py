"""What staff allow a client, and the back office's page of connections: changes count from the next call on."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from oauth2_provider.models import AccessToken

from movmo.accounts.models import User
from movmo.operations import registry
from movmo.operations.context import Door
from movmo.operations.models import AuditEvent
from movmo.operations.scopes import SCOPES, SPENDS_MONEY
from partners.authentication import authenticate
from partners.oauth.models import Application, Connection
from tests import factories
from tests.contract.world import the
from tests.office import clerk_with_app, entered
from tests.partners.conftest import Browser, arrived, refresh
from tests.partners.test_connections import is_alive, let_in

EVERY = " ".join(SCOPES)
CLIENTS, CONNECTIONS = "/admin/partners/application/", "/admin/partners/connection/"


@pytest.fixture
def office(db: None) -> Client:
    return entered(Client(), clerk_with_app())


def save(office: Client, application: Application, **changes: Any) -> Any:
    """Send the application's form with `changes`; an unticked box is left out."""
    form = {
        "name": application.name,
        "authorization_grant_type": application.authorization_grant_type,
        "redirect_uris": application.redirect_uris,
    }
    return office.post(f"/admin/partners/application/{application.pk}/change/", form | changes)


def limit(office: Client, application: Application, *scopes: str) -> None:
    saved = save(office, application, is_limited="on", allowed_scopes=list(scopes))
    assert saved.status_code == 302, saved.context["errors"]


def scopes_of(token: str) -> frozenset[str]:
    return authenticate(door=Door.MCP, api_key=None, bearer=token, request_id="r").scopes


def test_every_scope_is_needed_somewhere_and_spending_money_is_marked() -> None:
    """A scope that no operation needs would be asked for, and granted, for nothing."""
    assert {scope for operation in registry.all_operations() for scope in operation.scopes} == set(SCOPES)
    assert set(the("create_booking").scopes) == SPENDS_MONEY


def test_staff_tick_what_a_client_may_have(office: Client, scout: Application) -> None:
    limit(office, scout, "bookings:read", "flights:read")
    scout.refresh_from_db()
    assert scout.allowed_scopes == "flights:read bookings:read"
    page = office.get(f"/admin/partners/application/{scout.pk}/change/").content.decode()
    assert "Book flights for you, which spends money" in page
    boxes = re.findall(r'<input type="checkbox" name="(?:is_limited|allowed_scopes)"[^>]*>', page)
    assert len(boxes) == 1 + len(settings.OAUTH2_PROVIDER["SCOPES"])
    assert len([box for box in boxes if re.search(r"\schecked[\s>]", box)]) == 3  # the switch and two scopes


def test_a_narrowing_counts_from_the_next_call_on(office: Client, ana: User, scout: Application) -> None:
    token = factories.token(ana, SCOPES)
    assert scopes_of(token) == set(SCOPES)
    limit(office, scout, "flights:read", "bookings:read")
    assert scopes_of(token) == {"flights:read", "bookings:read"}
    save(office, scout)
    assert scopes_of(token) == set(SCOPES)


def test_a_refresh_gives_no_more_than_staff_allow(office: Client, browser: Browser, scout: Application) -> None:
    granted = let_in(browser, EVERY)
    limit(office, scout, "flights:read")
    fresh = refresh(Client(), granted["refresh_token"]).json()
    assert fresh["scope"] == "flights:read"
    assert AccessToken.objects.get().scope == "flights:read"
    wider = refresh(Client(), fresh["refresh_token"], scope="flights:read bookings:write")
    assert wider.json()["error"] == "invalid_scope"


def test_a_refresh_gives_no_more_than_the_traveler_still_grants(browser: Browser) -> None:
    granted = let_in(browser, "flights:read bookings:read bookings:write")
    page = browser.authorize(scope="flights:read bookings:write").wsgi_request.get_full_path()
    arrived(browser.submit(page, allow="true", scope=[]))
    fresh = refresh(Client(), granted["refresh_token"]).json()
    assert fresh["scope"] == "flights:read bookings:read"


def test_a_refresh_of_nothing_left_is_refused(browser: Browser) -> None:
    granted = let_in(browser, "bookings:read bookings:write")
    Connection.objects.update(scopes="flights:read")
    assert refresh(Client(), granted["refresh_token"]).json()["error"] == "invalid_scope"


def test_consent_offers_no_more_than_staff_allow(office: Client, browser: Browser, scout: Application) -> None:
    limit(office, scout, "flights:read", "bookings:read")
    assert arrived(browser.authorize(scope="flights:read bookings:write"))["error"] == "invalid_scope"
    assert "See your bookings" in browser.authorize(scope="flights:read bookings:read").content.decode()


def test_the_page_of_connected_apps_shows_what_is_left(office: Client, browser: Browser, scout: Application) -> None:
    let_in(browser, EVERY)
    assert "spends money" in browser.client.get("/accounts/apps/").content.decode()
    limit(office, scout, "flights:read")
    assert "spends money" not in browser.client.get("/accounts/apps/").content.decode()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"is_limited": "on"}, "Tick at least one scope"),
        ({"allowed_scopes": ["flights:read"]}, "Switch this on for the ticks to count"),
        ({"is_limited": "on", "allowed_scopes": ["everything"]}, "Select a valid choice"),
    ],
)
def test_ticks_that_mean_nothing_are_refused(
    office: Client, scout: Application, changes: dict[str, Any], error: str
) -> None:
    """Above all, no tick must not turn into every scope."""
    Application.objects.update(allowed_scopes="flights:read bookings:read")
    answer = save(office, scout, **changes)
    assert answer.status_code == 200
    assert error in answer.content.decode()
    assert Application.objects.get().allowed_scopes == "flights:read bookings:read"


def test_staff_make_a_limited_client(office: Client) -> None:
    form = {
        "name": "Kestrel",
        "client_type": "public",
        "authorization_grant_type": "authorization-code",
        "redirect_uris": "https://kestrel.example/callback",
        "is_limited": "on",
        "allowed_scopes": ["flights:read"],
    }
    assert office.post("/admin/partners/application/add/", form).status_code == 302
    assert Application.objects.get(name="Kestrel").allowed_scopes == "flights:read"


def test_a_disabled_client_has_no_live_token(office: Client, ana: User, scout: Application) -> None:
    token = factories.token(ana, ["flights:read"])
    chosen = {"_selected_action": [str(scout.pk)]}
    office.post(CLIENTS, {"action": "disable", **chosen})
    assert not is_alive(token)
    first = Application.objects.get().disabled_at
    office.post(CLIENTS, {"action": "disable", **chosen})
    assert Application.objects.get().disabled_at == first
    office.post(CLIENTS, {"action": "enable", **chosen})
    assert is_alive(token)
    told = AuditEvent.objects.filter(operation="office_change").order_by("id").values_list("arguments", flat=True)
    about = {"table": "partners.application", "row": str(scout.pk)}
    assert list(told) == [{**about, "said": "Disabled."}, {**about, "said": "Enabled again."}]


def test_when_a_client_was_disabled_is_not_typed(office: Client, scout: Application) -> None:
    save(office, scout, disabled_at_0="2027-01-01", disabled_at_1="00:00:00")
    assert Application.objects.get().disabled_at is None


def test_staff_find_a_connection_and_end_it(office: Client, ana: User, bo: User) -> None:
    anas, bos = factories.token(ana, ["flights:read"]), factories.token(bo, ["flights:read"])
    found = office.get(CONNECTIONS, {"q": ana.email}).content.decode()
    assert "a***@example.com" in found
    assert "b***@example.com" not in found
    assert "b***@example.com" in office.get(CONNECTIONS, {"q": "scout"}).content.decode()
    chosen = {"action": "disconnect", "_selected_action": [str(Connection.objects.get(user=ana).pk)]}
    assert "1 disconnected" in office.post(CONNECTIONS, chosen, follow=True).content.decode()
    assert [is_alive(anas), is_alive(bos)] == [False, True]


def test_staff_who_may_only_look_cannot_end_one(ops: User, ana: User) -> None:
    ops.user_permissions.set(Permission.objects.filter(codename="view_connection"))
    office = entered(Client(), ops)
    token = factories.token(ana, ["flights:read"])
    assert "a***@example.com" in office.get(CONNECTIONS).content.decode()
    chosen = {"action": "disconnect", "_selected_action": [str(Connection.objects.get().pk)]}
    office.post(CONNECTIONS, chosen, follow=True)
    assert is_alive(token)


def test_staff_set_how_often_a_client_may_call_a_tool(office: Client, ana: User, scout: Application) -> None:
    token = factories.token(ana, SCOPES, scout)
    assert save(office, scout, tool_limits="create_booking=5 search_flights=0").status_code == 302
    caller = authenticate(door=Door.MCP, api_key=None, bearer=token, request_id="r")
    assert caller.tool_limits == {"create_booking": 5, "search_flights": 0}
    save(office, scout, tool_limits="")
    assert authenticate(door=Door.MCP, api_key=None, bearer=token, request_id="r").tool_limits == {}


@pytest.mark.parametrize("written", ["create_boking=5", "create_booking", "create_booking=-1", "create_booking=5,"])
def test_a_limit_that_would_limit_nothing_is_refused(office: Client, scout: Application, written: str) -> None:
    answer = save(office, scout, tool_limits=written)
    assert (answer.status_code, "is no limit" in answer.content.decode()) == (200, True)
    scout.refresh_from_db()
    assert scout.tool_limits == ""
