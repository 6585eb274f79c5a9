"""A client that staff limit to some scopes: before the traveler is asked, after, and while tokens are out."""

from typing import Any

import pytest
from django.test import Client

from movmo.operations.context import Door
from partners.authentication import authenticate
from partners.oauth.models import Application
from tests.partners.conftest import Browser, arrived, redeem, refresh

WIDE = "flights:read bookings:read passengers:write"


def narrow(*scopes: str) -> None:
    Application.objects.update(allowed_scopes=" ".join(scopes))


@pytest.fixture
def granted(browser: Browser, client: Client) -> Any:
    return redeem(client, browser.approve(scope=WIDE)["code"]).json()


def test_a_client_cannot_ask_for_more_than_it_is_allowed(browser: Browser) -> None:
    narrow("flights:read")
    assert arrived(browser.authorize(scope=WIDE))["error"] == "invalid_scope"
    assert browser.authorize(scope="flights:read").status_code == 200


def test_a_code_granted_before_buys_what_is_left(browser: Browser, client: Client) -> None:
    code = browser.approve(scope=WIDE)["code"]
    narrow("flights:read", "passengers:read")
    assert redeem(client, code).json()["scope"] == "flights:read"


def test_a_code_of_which_nothing_is_left_buys_nothing(browser: Browser, client: Client) -> None:
    code = browser.approve(scope=WIDE)["code"]
    narrow("passengers:read")
    assert redeem(client, code).json()["error"] == "invalid_grant"


def test_a_refresh_gives_what_is_left_and_not_more_when_it_widens_again(granted: Any, client: Client) -> None:
    narrow("flights:read", "bookings:read")
    narrower = refresh(client, granted["refresh_token"]).json()
    assert set(narrower["scope"].split()) == {"flights:read", "bookings:read"}
    narrow()
    again = refresh(client, narrower["refresh_token"]).json()
    assert set(again["scope"].split()) == {"flights:read", "bookings:read"}


def test_a_refresh_cannot_name_what_was_taken_away(granted: Any, client: Client) -> None:
    narrow("flights:read")
    refused = refresh(client, granted["refresh_token"], scope=WIDE)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


def test_a_refresh_of_which_nothing_is_left_is_refused(granted: Any, client: Client) -> None:
    narrow("passengers:read")
    refused = refresh(client, granted["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("door", list(Door))
def test_a_token_that_is_out_counts_for_what_is_left_from_the_next_call_on(granted: Any, door: Door) -> None:
    narrow("flights:read")
    caller = authenticate(door=door, api_key=None, bearer=granted["access_token"], request_id="r")
    assert caller.scopes == {"flights:read"}
