"""A flight is booked from search to PNR: by an agent in both protocol eras, by a back end, and by both with one key."""

import re
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from mcp import Client
from oauth2_provider.models import AccessToken

from bookings.booking.models import Booking
from bookings.sandbox_airline.models import SandboxOrder
from movmo.operations.scopes import SCOPES
from partners.oauth.models import Application
from tests.contract.doors import Hand, Stage
from tests.contract.world import new_key
from tests.partners.conftest import Browser
from tests.partners.test_mcp_client import Agent
from tests.product.clients import MODES, Backend, Mode, Told, by_token, tool, walk, with_sdk

PNR = re.compile(r"[A-Z0-9]{6}")


def assert_ticketed(trip: Told) -> None:
    read = trip["read"]
    assert (read["status"], read["ticketing"]) == ("ticketed", "ticketed")
    assert PNR.fullmatch(read["record_locator"])
    assert re.fullmatch(r"[0-9]{13}", read["documents"][0]["number"])
    assert read["passengers"][0]["name_as_ticketed"] == "MUELLER/ANA MARIA"
    assert read["total"] == trip["order"]["expected_total"]
    assert read["booking_id"] == trip["booked"]["booking_id"]
    assert SandboxOrder.objects.filter(client_reference=read["booking_id"]).count() == 1


@pytest.mark.parametrize("mode", MODES)
def test_an_agent_books_from_search_to_pnr(stage: Stage, mode: Mode) -> None:
    assert_ticketed(with_sdk(stage, mode, partial(walk, key=new_key()), **by_token(stage)))


@pytest.mark.parametrize("mode", MODES)
def test_an_agent_signs_in_with_the_sdk_s_own_client_and_books(stage: Stage, mode: Mode) -> None:
    """From a 401 through registration, sign-in, consent and a step-up for each scope to a ticket."""
    cache.clear()
    browser = Browser()
    browser.sign_in("ana@example.com")
    agent = Agent(browser)
    assert_ticketed(with_sdk(stage, mode, partial(walk, key=new_key()), auth=agent.provider))
    assert agent.memory.tokens is not None
    assert agent.memory.tokens.scope is not None
    used = {"flights:read", "offers:write", "passengers:write", "bookings:write", "bookings:read"}
    assert used <= set(agent.memory.tokens.scope.split()) <= set(SCOPES)
    registered = Application.objects.get(client_id=agent.memory.client.client_id)  # type: ignore[union-attr]
    assert AccessToken.objects.filter(application=registered, user=stage.ana).exists()
    assert Booking.objects.latest("created_at", "id").client_id == registered.client_id


def test_a_back_end_books_from_search_to_pnr(stage: Stage) -> None:
    trip = Backend(stage).walk(key=new_key())
    assert_ticketed(trip)
    listed = Backend(stage).get("/v1/users/me/bookings", status="ticketed").json()
    assert listed["data"][0]["booking_id"] == trip["read"]["booking_id"]


@pytest.mark.parametrize("mode", MODES)
def test_what_a_back_end_booked_an_agent_hears_again(stage: Stage, mode: Mode) -> None:
    key = new_key()
    trip = Backend(stage).walk(key=key)

    async def repeat(client: Client) -> Told:
        return await tool(client, "create_booking", **trip["order"], idempotency_key=key)

    again = with_sdk(stage, mode, repeat, **by_token(stage))
    assert again.pop("replayed") is True
    assert again == trip["booked"]


@pytest.mark.parametrize("mode", MODES)
def test_what_an_agent_booked_a_back_end_hears_again(stage: Stage, mode: Mode) -> None:
    key = new_key()
    trip = with_sdk(stage, mode, partial(walk, key=key), **by_token(stage))
    order: dict[str, Any] = {name: value for name, value in trip["order"].items() if name != "provider"}
    again = Backend(stage).post("/v1/flights/providers/sandbox/bookings", order, key)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json()["booking_id"] == trip["booked"]["booking_id"]
    assert again.headers["location"] == f"/v1/users/me/bookings/{trip['booked']['booking_id']}"


def test_another_traveler_sees_nothing_of_it(stage: Stage) -> None:
    trip = Backend(stage).walk(key=new_key())
    bo = Backend(stage, Hand(stage.as_bo.token, stage.key(stage.kestrel)))
    answer = bo.get(f"/v1/users/me/bookings/{trip['booked']['booking_id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert bo.get("/v1/users/me/bookings").json()["data"] == []
