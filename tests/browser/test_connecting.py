"""A traveler lets an agent in, sees it at work, and puts it out again."""

import pytest

from partners.partner.models import Partner
from tests import factories
from tests.browser.agent import Agent
from tests.browser.person import code_from_letter, sign_in
from tests.browser.tab import Tab
from tests.contract.doors import BOTH, Hand

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_agent_is_let_in_and_put_out_again(tab: Tab, agent: Agent, aviare: Partner) -> None:
    tab.open(agent.question("flights:read", "bookings:read", "passengers:read"))
    sign_in(tab)
    tab.untick("See the passengers you have saved")
    tab.click("button", "Approve")
    tokens = agent.redeem(agent.answer()["code"])
    assert set(tokens["scope"].split()) == {"flights:read", "bookings:read"}

    hand = Hand(tokens["access_token"], factories.api_key(aviare))
    assert [agent.call(door, "search_bookings", hand).status for door in BOTH] == [200, 200]

    tab.open("/accounts/apps/")
    assert "See your bookings" in tab.text
    assert "passengers" not in tab.text
    assert "just now" in tab.text
    tab.click("button", "Disconnect Scout")
    assert "Scout can no longer act for you" in tab.text
    assert "No application may act for you" in tab.text

    told = [agent.call(door, "search_bookings", hand).verdict for door in BOTH]
    assert told == [(401, "token_invalid")] * 2
    assert agent.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_all_by_keyboard(tab: Tab, agent: Agent) -> None:
    tab.open(agent.question("flights:read", "bookings:read", "passengers:read"))
    tab.reach("textbox", "E-mail address")
    tab.write("ana@example.com")
    tab.send("Enter")
    tab.reach("textbox", "Code")
    tab.write(code_from_letter())
    tab.reach("button", "Continue")
    tab.send("Space")
    tab.reach("checkbox", "See the passengers you have saved")
    tab.press("Space")
    tab.reach("button", "Approve")
    tab.send("Enter")
    assert set(agent.redeem(agent.answer()["code"])["scope"].split()) == {"flights:read", "bookings:read"}
    tab.open("/accounts/")
    tab.reach("link", "Connected apps")
    tab.send("Enter")
    tab.reach("button", "Disconnect Scout")
    tab.send("Enter")
    assert "Scout can no longer act for you" in tab.text


def test_an_agent_is_sent_away(tab: Tab, agent: Agent) -> None:
    tab.open(agent.question("flights:read"))
    sign_in(tab)
    tab.click("button", "Decline")
    assert agent.answer()["error"] == "access_denied"
    tab.open("/accounts/apps/")
    assert "No application may act for you" in tab.text
