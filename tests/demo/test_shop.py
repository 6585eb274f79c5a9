"""The demo's shop: a partner's page on a host of its own, whose server calls Movmo like any partner's."""

import html
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from django.conf import settings as configured
from django.test import Client

from checkout_widget.session.models import CheckoutSession
from mcp_server.asgi import McpDoor
from movmo import env
from movmo.asgi import Application
from movmo.demo.seed import seed
from movmo.demo.shop import place, shelf
from movmo.headers import Stamped
from movmo.wsgi import application as pages_and_rest
from partners import authentication
from partners.origin.models import CheckoutOrigin
from partners.partner.models import Partner
from tests import factories
from tests.live import live_server

HERE = "partner.localhost:8000"
OURS = {"Origin": f"http://{HERE}"}


@pytest.fixture
def key(settings: Any, aviare: Partner) -> str:
    factories.checkout_origin(aviare, place.origin())
    settings.MOVMO_SHOP_KEY = factories.api_key(aviare)
    return str(settings.MOVMO_SHOP_KEY)


@pytest.fixture
def shop(transactional_db: None, key: str) -> Iterator[httpx2.Client]:
    """A browser at the shop, which is on a server that really listens."""
    application = Stamped(Application(mcp=McpDoor(authentication), wsgi=pages_and_rest))
    with (
        live_server(application) as served_at,
        httpx2.Client(base_url=served_at, headers={"Host": HERE}, trust_env=False) as browser,
    ):
        yield browser


def offer_on(page: str) -> str:
    found = re.search('data-offer="([^"]+)"', page)
    assert found is not None, page
    return html.unescape(found[1])


def opened(shop: httpx2.Client) -> dict[str, Any]:
    answer = shop.post("/sessions", json={"offer_id": offer_on(shop.get("/").text)}, headers=OURS)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_it_opens_a_session_for_the_flight_that_it_shows(shop: httpx2.Client) -> None:
    page = shop.get("/").text
    assert "Munich to Lisbon" in page
    told = opened(shop)
    session = CheckoutSession.objects.get()
    assert str(session.pk) == told["session_id"]
    assert (session.origin, session.return_url) == (place.origin(), f"{place.origin()}/thanks")
    assert session.total.amount in page
    assert told["client_secret"].startswith("mvm_cs_")


def test_it_reads_the_session_with_its_own_key(shop: httpx2.Client, key: str) -> None:
    told = opened(shop)
    read = shop.get(f"/sessions/{told['session_id']}")
    assert read.json()["status"] == "open"
    assert "client_secret" not in read.json()
    thanked = shop.get("/thanks", params={"session_id": told["session_id"]}).text
    assert "Not booked yet" in thanked
    seen = [shop.get("/").text, read.text, thanked, str(told)]
    assert [one for one in seen if key in one] == []


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Origin": "http://evil.localhost:8000"}, {"offer_id": "off_1"}, 403),
        ({}, {"offer_id": "off_1"}, 403),
        (OURS, {"offer_id": "off_1"}, 410),
        (OURS, ["off_1"], 400),
        (OURS, {}, 400),
    ],
)
def test_it_sells_what_stands_on_its_page_to_its_own_page_only(
    shop: httpx2.Client, headers: dict[str, str], body: Any, status: int
) -> None:
    assert shop.post("/sessions", json=body, headers=headers).status_code == status
    assert not CheckoutSession.objects.exists()


@pytest.mark.django_db
class TestItsPage:
    """No server listens: these do not call Movmo."""

    def page(self, address: str = "/") -> Any:
        return Client().get(address, headers={"host": HERE})

    def test_the_address_chooses_how_the_button_behaves(self, key: str) -> None:
        chosen = self.page("/?mode=popup&theme=dark&locale=de").content.decode()
        assert 'locale="de" theme="dark" mode="popup"' in chosen
        made_up = self.page('/?mode="><script>&theme=red&locale=xx').content.decode()
        assert 'locale="en" theme="auto" mode="auto"' in made_up
        assert "<script>&" not in made_up

    def test_another_flight_and_none(self, key: str) -> None:
        assert "Amsterdam to Lisbon" in self.page("/?from=ams&to=LIS").content.decode()
        assert "No flight PVD → RAI" in self.page("/?from=PVD&to=RAI").content.decode()

    def test_nothing_but_movmo_and_itself_may_be_loaded(self, key: str) -> None:
        policy = self.page().headers["Content-Security-Policy"]
        assert set(re.findall(r"https?://[^\s;]+", policy)) == {configured.ORIGIN}
        assert "unsafe" not in policy
        assert "<style" not in self.page().content.decode()

    def test_a_page_that_cuts_its_windows_off(self, key: str) -> None:
        opener = "Cross-Origin-Opener-Policy"
        assert self.page("/?coop=same-origin").headers[opener] == "same-origin"
        assert self.page().headers[opener] == "same-origin-allow-popups"

    def test_its_host_is_its_own(self, key: str) -> None:
        assert self.page("/docs").status_code == 404
        assert self.page("/v1/flights/providers").status_code == 404
        assert b"Movmo books flights" in Client().get("/").content

    def test_without_a_key_there_is_none(self, settings: Any) -> None:
        settings.MOVMO_SHOP_KEY = ""
        assert b"Movmo books flights" in self.page().content

    def test_the_shelf_does_not_grow_for_ever(self, key: str) -> None:
        first = shelf.find("MUC", "LIS")
        assert first is not None
        shelf._shown.update({f"off_{number}": {} for number in range(shelf.MOST)})
        shelf.find("MUC", "LIS")
        assert shelf.take(first["id"]) is None
        assert len(shelf._shown) == shelf.MOST


@pytest.mark.django_db
def test_the_seeded_partner_has_its_pages_registered() -> None:
    seed()
    seed()
    registered = sorted(one.origin for one in CheckoutOrigin.objects.filter(partner__slug="aviare"))
    assert registered == [place.OWN_TRIAL, place.origin()]


def test_production_has_no_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVMO_ENV", "production")
    monkeypatch.setenv("MOVMO_SHOP_KEY", "mvm_test_x")
    with pytest.raises(env.Misconfigured, match="MOVMO_SHOP_KEY"):
        env.shop_key()
