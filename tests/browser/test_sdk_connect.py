"""Connect with Movmo: there with PKCE, and back. Nothing is called, and nothing stays."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.chromium import Chromium
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.sdk_shop import Customer, Shop, customer_of, open_shop

pytestmark = [pytest.mark.browser, LOOKED_AT_ONCE]
FINISH = """() => {
  try { return MovmoConnect.finish() } catch (error) { return { failed: error.code, reason: error.reason ?? null } }
}"""
KEPT = "() => [...Object.values(sessionStorage), ...Object.values(localStorage), document.cookie].join('')"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        opened.before = f'<script src="{opened.at("checkout")}/v1/connect.js"></script>'
        yield opened


@pytest.fixture
def ana(shop: Shop, browser: Chromium) -> Iterator[Customer]:
    with customer_of(shop, browser) as customer:
        yield customer
        assert customer.tab.faults == []


def goes_to_movmo(ana: Customer, **more: Any) -> dict[str, str]:
    """What Movmo is asked."""
    shop = ana.shop
    options = {
        "issuer": shop.at("checkout"),
        "clientId": "aviare-web",
        "redirectUri": f"{shop.at('partner')}/callback",
        "scope": ["flights:read", "bookings:read"],
        **more,
    }
    ana.tab.evaluate("options => void setTimeout(() => MovmoConnect.begin(options))", options)
    ana.tab.do(lambda page: page.wait_for_url("**/v1/oauth/authorize?*"))
    return {name: values[0] for name, values in parse_qs(urlsplit(ana.tab.address).query).items()}


def comes_back(ana: Customer, **answer: str) -> Any:
    query = "&".join(f"{name}={value}" for name, value in answer.items())
    ana.tab.open(f"{ana.shop.at('partner')}/callback?page=2&{query}")
    return ana.tab.evaluate(FINISH)


def test_there_and_back(ana: Customer, shop: Shop) -> None:
    asked = goes_to_movmo(ana)
    challenge, state = asked.pop("code_challenge"), asked.pop("state")
    assert len(state) == 43
    assert asked == {
        "response_type": "code",
        "client_id": "aviare-web",
        "redirect_uri": f"{shop.at('partner')}/callback",
        "scope": "flights:read bookings:read",
        "code_challenge_method": "S256",
        "resource": f"{shop.at('checkout')}/v1",
    }
    shop.asked.clear()
    connected = comes_back(ana, code="c-1", state=state, iss=shop.at("checkout"))
    verifier = connected.pop("code_verifier")
    assert connected == {"code": "c-1", "redirect_uri": f"{shop.at('partner')}/callback"}
    digest = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
    assert ana.tab.evaluate(KEPT) == ""
    assert ana.tab.address == f"{shop.at('partner')}/callback?page=2"
    assert {(asked.host, asked.method) for asked in shop.asked if not asked.path.endswith(".js")} == {
        ("partner", "GET")
    }


def test_for_another_resource(ana: Customer, shop: Shop) -> None:
    asked = goes_to_movmo(ana, resource=f"{shop.at('checkout')}/v1/mcp")
    assert asked["resource"] == f"{shop.at('checkout')}/v1/mcp"


@pytest.mark.parametrize(
    ("answer", "failed", "reason"),
    [
        ({"code": "c-1", "state": "another", "iss": "MOVMO"}, "state_mismatch", None),
        ({"code": "c-1", "iss": "MOVMO"}, "state_mismatch", None),
        ({"code": "c-1", "state": "STATE", "iss": "https://evil.example"}, "issuer_mismatch", "https://evil.example"),
        ({"code": "c-1", "state": "STATE"}, "issuer_mismatch", None),
        ({"error": "access_denied", "state": "STATE", "iss": "MOVMO"}, "refused", "access_denied"),
        ({}, "no_answer", None),
    ],
)
def test_an_answer_that_is_none(ana: Customer, answer: dict[str, str], failed: str, reason: str | None) -> None:
    asked = goes_to_movmo(ana)
    meant = {"STATE": asked["state"], "MOVMO": ana.shop.at("checkout")}
    told = comes_back(ana, **{name: meant.get(value, value) for name, value in answer.items()})
    assert told == {"failed": failed, "reason": reason}
    assert ana.tab.evaluate(KEPT) == ""


def test_an_answer_counts_once(ana: Customer) -> None:
    answer = {"code": "c-1", "state": goes_to_movmo(ana)["state"], "iss": ana.shop.at("checkout")}
    assert comes_back(ana, **answer)["code"] == "c-1"
    assert comes_back(ana, **answer) == {"failed": "state_mismatch", "reason": None}


def test_the_button_leads_there(ana: Customer, shop: Shop) -> None:
    made = """movmo => {
      const made = document.createElement('movmo-connect')
      const said = { issuer: movmo, 'client-id': 'aviare-web', 'redirect-uri': 'https://shop.example/',
        scope: 'flights:read', locale: 'de' }
      for (const [name, value] of Object.entries(said)) made.setAttribute(name, value)
      document.body.append(made)
    }"""
    ana.tab.evaluate(made, shop.at("checkout"))
    ana.tab.do(lambda page: page.get_by_role("button", name="Mit Movmo verbinden").click())
    ana.tab.do(lambda page: page.wait_for_url("**/v1/oauth/authorize?*client_id=aviare-web*"))


def test_a_button_without_an_issuer_says_so(ana: Customer) -> None:
    told = ana.tab.evaluate(
        """() => new Promise(resolve => {
          const made = document.createElement('movmo-connect')
          made.addEventListener('error', event => resolve(event.detail.code))
          document.body.append(made)
          made.begin()
        })"""
    )
    assert told == "misconfigured"
