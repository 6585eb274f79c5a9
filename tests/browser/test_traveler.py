"""The traveler's own pages in every look: empty, full, mistyped and refused."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from django.urls import reverse

from bookings.booking import sweeping, watching
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.payment_method.models import PaymentMethod
from bookings.providers.sandbox.airline import Airline
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.sandbox_vault.app import SandboxVault
from tests import factories
from tests.bookings.booking.changing_airline import ChangingAirline
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.person import sign_in
from tests.browser.reading import too_wide
from tests.browser.tab import Look, Tab
from tests.contract.world import TRAVEL_WISHES, World, view_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

ASKS = "4000002500003155"
OUTSIDE = """() => {
  const edge = document.querySelector('main').getBoundingClientRect().right
  return [...document.querySelectorAll('main *')]
    .filter(element => element.getBoundingClientRect().right > edge - 16)
    .map(element => element.outerHTML.slice(0, 120))
}"""
LONG = {"given_name": "Maria Magdalena Wilhelmina", "family_name": "van der Bergen-Schwarzenegger"}


@pytest.fixture(autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""


def address(name: str, **path: Any) -> str:
    return reverse(f"traveler:{name}", kwargs=path)


def choose(tab: Tab, label: str, value: str) -> None:
    tab.do(lambda page: page.get_by_label(label, exact=True).select_option(value))


@pytest.mark.parametrize(
    "name",
    ["profile", "names", "locale", "travel", "contact", "passengers", "passenger_new", "cards", "card_new", "trips"],
)
def test_of_somebody_new(anas_tab: Tab, name: str, looks_right: LooksRight) -> None:
    assert anas_tab.open(address(name)) == 200
    looks_right(anas_tab, f"new-{name}")


def test_a_full_profile(anas_tab: Tab, world: World, looks_right: LooksRight) -> None:
    world.call("update_user", **LONG)
    world.call("upsert_travel_preferences", **TRAVEL_WISHES)
    anas_tab.open(address("profile"))
    assert "Vegan" in anas_tab.text
    looks_right(anas_tab, "profile")
    anas_tab.open(address("travel"))
    looks_right(anas_tab, "travel")


@pytest.mark.parametrize(
    ("page", "field", "wrong"),
    [
        ("names", "Given name", "R2D2"),
        ("locale", "Country", "XX"),
        ("contact", "New e-mail address optional", "nobody"),
        ("passenger_new", "Given names", "R2D2"),
    ],
)
def test_what_is_mistyped(anas_tab: Tab, page: str, field: str, wrong: str, looks_right: LooksRight) -> None:
    anas_tab.open(address(page))
    anas_tab.do(lambda opened: opened.get_by_label(field).first.fill(wrong))
    anas_tab.follow("main form button")
    anas_tab.sees("[aria-invalid]")
    assert anas_tab.do(lambda opened: opened.title()).startswith("Error: ")
    looks_right(anas_tab, f"mistyped-{page}")


def test_changing_the_contact(anas_tab: Tab, looks_right: LooksRight) -> None:
    anas_tab.open(address("contact"))
    anas_tab.do(lambda page: page.get_by_label("New e-mail address").fill("ana@example.org"))
    anas_tab.click("button", "Go on")
    looks_right(anas_tab, "contact-codes")
    anas_tab.fill("Code from your present e-mail address", "000000")
    anas_tab.fill("Code from the new address", "000000")
    anas_tab.click("button", "Save")
    looks_right(anas_tab, "contact-codes-wrong")


@pytest.mark.parametrize("name", ["card_new", "passenger_new", "travel", "profile", "trips"])
def test_on_the_narrowest_telephone(anas_tab: Tab, name: str) -> None:
    anas_tab.looked_at(Look("narrow", 320, 568, "light"))
    anas_tab.open(address(name))
    assert too_wide(anas_tab) == []
    assert anas_tab.evaluate(OUTSIDE) == []


def test_an_address_that_is_long(new_tab: NewTab, looks_right: LooksRight) -> None:
    of_somebody = factories.traveler("maria.magdalena.wilhelmina.van-der-bergen@travel.department.example.com")
    tab = new_tab(signed_in=of_somebody)
    for name in ("profile", "privacy"):
        tab.open(address(name))
        looks_right(tab, f"long-{name}")


def test_passengers_and_their_documents(anas_tab: Tab, world: World, looks_right: LooksRight) -> None:
    programmes = [{"airline": "KL", "number": "2048815162"}]
    contact = {"email": "ana@example.com", "phone_number": "+4915112345678", "nationality": "NL"}
    person = world.passenger(**LONG, **contact, loyalty_programmes=programmes)
    world.passenger()
    document = world.document(passenger_id=str(person.passenger_id))
    world.document(passenger_id=str(person.passenger_id), type="known_traveler", number="TT1234567", expires_on=None)
    of_person = {"passenger_id": person.passenger_id}
    pages = {
        "passengers": address("passengers"),
        "passenger": address("passenger", **of_person),
        "passenger-edit": address("passenger_edit", **of_person),
        "document-new": address("document_new", **of_person),
        "document": address("document", **of_person, document_id=document.document_id),
    }
    for name, path in pages.items():
        assert anas_tab.open(path) == 200
        looks_right(anas_tab, name)


def test_a_document_that_is_refused(anas_tab: Tab, world: World, looks_right: LooksRight) -> None:
    anas_tab.open(address("document_new", passenger_id=world.passenger().passenger_id))
    anas_tab.fill("Number", "nx 4")
    anas_tab.fill("Issued by", "NL")
    anas_tab.do(lambda page: page.get_by_label("Valid until").fill("2020-01-01"))
    anas_tab.click("button", "Save")
    looks_right(anas_tab, "document-refused")


def test_cards(anas_tab: Tab, world: World, looks_right: LooksRight) -> None:
    expired = world.card("378282246310005")
    PaymentMethod.objects.filter(pk=expired.payment_method_id).update(exp_month=1, exp_year=2024)
    card = world.card(is_default=True)
    anas_tab.open(address("cards"))
    assert "American Express ending in 0005" in anas_tab.text
    looks_right(anas_tab, "cards")
    anas_tab.open(address("card", payment_method_id=card.payment_method_id))
    looks_right(anas_tab, "card")
    anas_tab.fill("Month of expiry", "13")
    anas_tab.click("button", "Save")
    looks_right(anas_tab, "card-mistyped")
    anas_tab.open(address("card", payment_method_id=expired.payment_method_id))
    assert "This card has expired" in anas_tab.text
    looks_right(anas_tab, "card-expired")


@pytest.fixture
def trips(world: World) -> dict[str, str]:
    """One of each kind, by what its page says."""
    asked = str(world.card(ASKS).payment_method_id)
    party = world.mapped_offer("ADT", "CHD", family_name=LONG["family_name"])
    made = {
        "confirmed": world.book(party, payment_method_id=str(world.card().payment_method_id)),
        "held": world.book(world.mapped_offer(holdable=True), mode="hold"),
        "asked": world.book(world.mapped_offer(), payment_method_id=asked),
        "failed": world.book(world.mapped_offer(), payment_method_id=asked),
        "undecided": world.book(world.mapped_offer(family_name="TIMEOUTLOST")),
    }
    views = {name: answer.view.model_dump() for name, answer in made.items()}
    httpx2.post(views["failed"]["payment"]["challenge_url"], data={"answer": "decline"}, trust_env=False)
    return {name: str(view["booking_id"]) for name, view in views.items()}


def test_trips(anas_tab: Tab, trips: dict[str, str], looks_right: LooksRight) -> None:
    said = {
        "confirmed": "The airline has issued the tickets",
        "held": "The seats are held for you",
        "asked": "Go to your bank",
        "failed": "Nothing was booked",
        "undecided": "answer was lost",
    }
    for name, words in said.items():
        anas_tab.open(address("trip", booking_id=trips[name]))
        assert words in anas_tab.text
        looks_right(anas_tab, f"trip-{name}")
    anas_tab.open(address("trips"))
    looks_right(anas_tab, "trips")


@pytest.fixture
def changed(world: World, install_airline: Callable[[Airline], None]) -> str:
    """A trip whose first new times were accepted; others wait."""
    airline = ChangingAirline()
    install_airline(airline)
    trip = view_of(BookingView, world.book(world.mapped_offer("ADT", "CHD", family_name=LONG["family_name"])))
    for number, moved in enumerate(({"minutes": 20}, {"hours": 3})):
        airline.announces(str(number), **moved)
        Booking.objects.update(watch_at=clock.now())
        watching.look(trip.booking_id, clock=clock.now)
        for booking_id in sweeping.due(now=clock.now(), limit=1):
            sweeping.drive(booking_id, clock=clock.now)
    return address("trip", booking_id=trip.booking_id)


def test_new_times(anas_tab: Tab, changed: str, looks_right: LooksRight) -> None:
    anas_tab.open(changed)
    looks_right(anas_tab, "trip-new-times")
    anas_tab.do(lambda page: page.locator("summary").first.click())
    looks_right(anas_tab, "trip-new-times-opened")
    anas_tab.click("button", "Accept the new times")
    assert "New times" not in anas_tab.text
    looks_right(anas_tab, "trip-accepted-times")


@pytest.mark.parametrize("by", ["traveler", "airline"])
def test_a_trip_that_was_cancelled(anas_tab: Tab, world: World, by: str, looks_right: LooksRight) -> None:
    trip = world.booking()
    trip_total = Booking.objects.get().total_minor
    refund = {"refund_minor": trip_total - 4_500, "penalty_minor": 4_500} if by == "traveler" else {}
    Booking.objects.update(state="cancelled", cancelled_by=by, **refund)
    anas_tab.open(address("trip", booking_id=trip.booking_id))
    assert "cancelled" in anas_tab.text
    looks_right(anas_tab, f"trip-cancelled-by-{by}")


def test_a_page_that_is_refused(anas_tab: Tab, settings: Any, looks_right: LooksRight) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 3
    assert 429 in (anas_tab.open(address("trips")) for _ in range(60))
    assert "Nothing was changed" in anas_tab.text
    looks_right(anas_tab, "refused")


@pytest.fixture
def privacy(tab: Tab, ana: User) -> Tab:
    """Open for ana, who has just signed in."""
    tab.open(address("privacy"))
    sign_in(tab)
    tab.open(address("privacy"))
    return tab


def test_taking_ones_data_along(privacy: Tab, world: World, looks_right: LooksRight) -> None:
    looks_right(privacy, "privacy")
    world.document(passenger_id=str(world.passenger(**LONG).passenger_id))

    def download(page: Any) -> tuple[str, str]:
        with page.expect_download() as started:
            page.get_by_role("button", name="Download my data").click()
        return started.value.suggested_filename, started.value.path().read_text()

    name, data = privacy.do(download)
    assert name == "movmo.json"
    assert LONG["family_name"] in data


def test_deleting_the_account(privacy: Tab, new_tab: NewTab, ana: User, world: World, looks_right: LooksRight) -> None:
    world.passenger(**LONG)
    privacy.fill("Type ana@example.com to delete it", "bo@example.com")
    privacy.click("button", "Delete my account")
    looks_right(privacy, "privacy-mistyped")
    privacy.fill("Type ana@example.com to delete it", "ana@example.com")
    privacy.click("button", "Delete my account")
    assert "Your account is deleted" in privacy.text
    looks_right(privacy, "deleted")
    privacy.open(address("passengers"))
    assert privacy.path == "/accounts/login/"
    sign_in(privacy)
    privacy.open(address("passengers"))
    assert "Nobody is saved yet" in privacy.text
