"""Cards are typed into the vault's own fields: nobody else sees a number, and what goes wrong there is told."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, Route
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route as Address

from bookings.booking.models import Booking
from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.vaults import registry
from movmo.accounts.models import User
from movmo.sandbox_vault.app import SandboxVault
from tests.browser.conftest import LooksRight
from tests.browser.reading import TAGS
from tests.browser.tab import LOOKS, Tab
from tests.browser.wire import Wire, is_in
from tests.contract.world import World
from tests.live import live_server

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CARDS, NEW_CARD, TRIPS = "/accounts/cards/", "/accounts/cards/new/", "/accounts/trips/"
ASKS = "4000002500003155"
OUTLINED = """() => {
  const element = document.activeElement
  return document.hasFocus() && element.tagName === 'INPUT' && getComputedStyle(element).outlineStyle === 'solid'
}"""
AWAY = "The card vault cannot be reached. Open this page again in a moment."


@pytest.fixture(autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""


@pytest.fixture
def vault_host() -> str:
    vault = registry.current()
    assert vault is not None
    return urlsplit(vault.form_access().frame_origin).netloc


def type_card(tab: Tab, number: str, code: str = "739") -> None:
    """Once the vault's fields are there."""
    tab.do(lambda page: page.wait_for_selector("#card-form button:enabled"))
    tab.fill("Name on the card", "Ana Andersson")
    tab.do(lambda page: _field(page, "number").press_sequentially(number))
    tab.do(lambda page: _field(page, "cvv").press_sequentially(code))
    tab.fill("Month", "12")
    tab.fill("Year", "2034")


def _field(page: Page, name: str) -> Locator:
    return page.frame_locator(f"iframe[name=movmo-vault-{name}]").locator("input")


def complaint(tab: Tab) -> str:
    """What the form says, once it says something."""
    tab.do(lambda page: page.wait_for_selector("#card-errors:not(:empty)"))
    return str(tab.do(lambda page: page.inner_text("#card-errors")))


class TestWhoSeesTheNumber:
    @pytest.mark.parametrize(("number", "code"), [("4242424242424242", "739"), ("378282246310005", "7391")])
    def test_the_vault_and_nobody_else(
        self, anas_tab: Tab, vault_host: str, number: str, code: str, looks_right: LooksRight
    ) -> None:
        wire, secrets = Wire(anas_tab), (number[:-4], code)  # its last four digits are on the page, for its owner
        anas_tab.open(NEW_CARD)
        type_card(anas_tab, number, code)
        looks_right(anas_tab, f"card-typed-{len(number)}")
        looked_at = [wire.readable()]
        anas_tab.click("button", "Add the card")
        assert anas_tab.path == CARDS
        assert f"ending in {number[-4:]}" in anas_tab.text
        looked_at += [wire.readable(), wire.kept(), *wire.said]

        sent = wire.sent()
        hosts = {host for host, text in sent if any(is_in(secret, text) for secret in secrets)}
        assert hosts == {vault_host}
        assert {host for host, _ in sent} == {vault_host, urlsplit(anas_tab.origin).netloc}
        assert [text for text in looked_at if any(is_in(secret, text) for secret in secrets)] == []
        assert wire.sockets == []
        # It was looked where something is to be seen.
        assert any("vault_token=" in text and host != vault_host for host, text in sent)
        assert any("paymentMethod" in text for text in wire.said)

    def test_scripts_of_the_page_do_not_get_into_the_fields(self, anas_tab: Tab) -> None:
        anas_tab.open(NEW_CARD)
        type_card(anas_tab, "4242424242424242")
        script = "[...document.querySelectorAll('iframe')].map(frame => frame.contentDocument)"
        assert anas_tab.evaluate(script) == [None, None]

    def test_another_site_cannot_show_the_fields(self, tab: Tab, vault_host: str) -> None:
        page = f"<iframe src='http://{vault_host}/fields/number'></iframe>"

        async def show(request: Request) -> HTMLResponse:
            return HTMLResponse(page)

        with live_server(Starlette(routes=[Address("/", show)])) as stranger:
            tab.open(stranger)
            assert tab.do(lambda opened: [frame.locator("input").count() for frame in opened.frames]) == [0, 0]
        assert tab.has_fault("frame-ancestors")
        tab.faults.clear()


class TestTheForm:
    def test_by_keyboard_alone(self, anas_tab: Tab) -> None:
        anas_tab.open(CARDS)
        anas_tab.reach("link", "Add a card")
        anas_tab.send("Enter")
        anas_tab.do(lambda page: page.wait_for_selector("#card-form button:enabled"))
        anas_tab.reach("textbox", "Name on the card")
        for typed in ("Ana Andersson", "4242424242424242", "12", "2034", "739"):
            anas_tab.write_into_field(typed)
            assert True in anas_tab.do(lambda page: [frame.evaluate(OUTLINED) for frame in page.frames]), typed
            anas_tab.press("Tab")
        anas_tab.reach("checkbox", "Show this card first")
        anas_tab.press("Space")
        anas_tab.reach("button", "Add the card")
        anas_tab.send("Enter")
        assert "Visa ending in 4242" in anas_tab.text
        assert PaymentMethod.objects.get().is_default

    def test_the_fields_are_for_everybody(self, anas_tab: Tab) -> None:
        """axe in each frame: what it finds in a page ends at the frames of others."""
        anas_tab.open(NEW_CARD)
        type_card(anas_tab, "4242")
        options = {"runOnly": [tag for tag in TAGS if tag != "best-practice"]}  # which judges whole pages

        def read(page: Page) -> list[str]:
            frames = [frame for frame in page.frames if frame.name.startswith("movmo-vault-")]
            for frame in frames:
                frame.evaluate(AXE_SCRIPT)
            found = [frame.evaluate("options => axe.run(options)", options)["violations"] for frame in frames]
            assert len(found) == 2
            return [str(violation["id"]) for one in found for violation in one]

        for look in LOOKS:
            anas_tab.looked_at(look)
            assert anas_tab.do(read) == []

    def test_a_number_that_the_vault_refuses(self, anas_tab: Tab, vault_host: str, looks_right: LooksRight) -> None:
        anas_tab.open(NEW_CARD)
        type_card(anas_tab, "4111111111111111")
        anas_tab.do(lambda page: page.get_by_role("button", name="Add the card").click())
        assert "it takes its test cards only" in complaint(anas_tab)
        looks_right(anas_tab, "card-refused")
        anas_tab.faults.remove(f"http://{vault_host}/v1/payment_methods/restricted.json: 422")
        anas_tab.do(lambda page: _field(page, "number").fill("4242424242424242"))
        anas_tab.click("button", "Add the card")
        assert "Visa ending in 4242" in anas_tab.text


class TestTheVaultIsAway:
    """Where the faults of the tab are what was brought about, they are taken back."""

    def test_before_the_fields_are_there(self, anas_tab: Tab, looks_right: LooksRight) -> None:
        anas_tab.do(lambda page: page.route("**/iframe-v1.min.js", lambda route: route.abort()))
        anas_tab.open(NEW_CARD)
        assert complaint(anas_tab) == AWAY
        looks_right(anas_tab, "card-vault-away")
        anas_tab.faults.clear()

    def test_while_the_fields_are_loaded(self, anas_tab: Tab) -> None:
        anas_tab.do(lambda page: page.clock.install())
        anas_tab.do(lambda page: page.route("**/fields/number", lambda route: route.abort()))
        anas_tab.open(NEW_CARD)
        anas_tab.do(lambda page: page.clock.fast_forward(10_000))
        assert complaint(anas_tab) == AWAY
        anas_tab.faults.clear()

    def test_when_the_card_is_sent(self, anas_tab: Tab) -> None:
        anas_tab.open(NEW_CARD)
        type_card(anas_tab, "4242424242424242")
        anas_tab.do(lambda page: page.route("**/restricted.json", lambda route: route.abort()))
        anas_tab.do(lambda page: page.get_by_role("button", name="Add the card").click())
        assert complaint(anas_tab) == "The vault cannot be reached. Try again in a moment."
        anas_tab.faults.clear()

    def test_when_movmo_asks_it(self, anas_tab: Tab, looks_right: LooksRight) -> None:
        working = registry._vaults["sandbox"]
        anas_tab.open(NEW_CARD)
        type_card(anas_tab, "4242424242424242")

        def turned_off(route: Route) -> None:
            away = {"environment_key": "e", "access_secret": "s", "receiver": "r"}
            registry.install_spreedly(name="sandbox", url="http://127.0.0.1:9999", **away)
            route.continue_()

        anas_tab.do(lambda page: page.route(f"**{NEW_CARD}", turned_off))
        try:
            anas_tab.click("button", "Add the card")
        finally:
            registry.install(working)
        assert "The card is not kept yet" in anas_tab.text
        looks_right(anas_tab, "card-again")
        anas_tab.do(lambda page: page.unroute(f"**{NEW_CARD}"))
        anas_tab.click("button", "Try again")
        assert "Visa ending in 4242" in anas_tab.text


def test_a_bank_that_asks(anas_tab: Tab, world: World, looks_right: LooksRight) -> None:
    card = str(world.card(ASKS).payment_method_id)
    world.book(world.mapped_offer(), payment_method_id=card)
    booking = Booking.objects.get()
    anas_tab.open(f"{TRIPS}{booking.pk}/")
    anas_tab.click("link", "Go to your bank")
    assert anas_tab.address == booking.challenge_url
    assert f"{booking.total.amount} {booking.currency}" in anas_tab.text
    looks_right(anas_tab, "bank")
    anas_tab.click("button", "Approve")
    assert "Thank you" in anas_tab.text
    looks_right(anas_tab, "bank-answered")
    Booking.objects.update(lease_until=None)  # a moment later
    anas_tab.click("link", "Back to Movmo")
    assert anas_tab.path == TRIPS
    anas_tab.follow(".doors a")
    assert anas_tab.path == f"{TRIPS}{booking.pk}/"
    assert "The airline has issued the tickets" in anas_tab.text
    assert "Go to your bank" not in anas_tab.text


def test_a_passenger_by_keyboard_alone(anas_tab: Tab, ana: User) -> None:
    anas_tab.open("/accounts/")
    anas_tab.reach("link", "Passengers")
    anas_tab.send("Enter")
    anas_tab.reach("link", "Add a passenger")
    anas_tab.send("Enter")
    anas_tab.reach("textbox", "Given names")
    for typed in ("Bea", "Andersson", "04041988"):
        anas_tab.write(typed)
        anas_tab.press("Tab")
    anas_tab.press("Tab")  # past the button of the date's picker
    anas_tab.write("Unspec")
    anas_tab.reach("button", "Save")
    anas_tab.send("Enter")
    assert "ANDERSSON/BEA" in anas_tab.text
    passenger = ana.passengers.get()
    assert (passenger.birth_date.isoformat(), passenger.gender) == ("1988-04-04", "X")
