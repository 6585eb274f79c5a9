"""A person decides what an agent may do: by code, by passkey, in every look, and too late."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.offer.schemas import OfferView
from bookings.providers.types import PassengerType, SearchQuery, SliceQuery
from bookings.sandbox_airline.services import SandboxAirline
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations.approval.models import Approval, Mandate
from movmo.sandbox_vault.app import SandboxVault
from partners.oauth.models import Application
from tests import factories
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.browser.passkeys import LOCALHOST, carry_key
from tests.browser.person import code_from_letter, sign_in
from tests.browser.reading import too_wide
from tests.browser.tab import Look, Tab
from tests.contract.world import World, booking_of, cancellation_of, departure_date, view_of
from tests.partners.asking import Asking, page_of, people_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

A_WEEK = timedelta(days=7)
A_DAY = 24 * 60 * 60 * 1000  # milliseconds


@pytest.fixture
def asking(world: World, ana: User, scout: Application, the_vault: SandboxVault) -> Asking:
    return Asking(world, ana, scout)


@pytest.fixture
def approval(asking: Asking) -> Approval:
    """There and back, for three people, with a card."""
    world, party = asking.world, ("ADT", "ADT", "CHD")
    there, back = SliceQuery("AMS", "LIS", departure_date()), SliceQuery("LIS", "AMS", departure_date() + A_WEEK)
    query = SearchQuery((there, back), tuple(PassengerType(one) for one in party))
    raw = SandboxAirline().search(query, now=clock.now())[0]
    offer = view_of(OfferView, world.call("create_offer", provider="sandbox", offer=raw))
    for index, slot in enumerate(offer.passengers):
        world.map(offer, index, world.passenger(slot.type))
    card = str(world.card().payment_method_id)
    return asking.asks_for("create_booking", **booking_of(offer, payment_method_id=card))


def test_approving_with_a_code(tab: Tab, asking: Asking, approval: Approval, looks_right: LooksRight) -> None:
    tab.open(page_of(approval))
    sign_in(tab)
    assert tab.path == page_of(approval)
    looks_right(tab, "approval-waits")
    tab.click("button", f"Approve {_price(tab)}")
    assert "You can go back to Scout now" in tab.text
    looks_right(tab, "approval-approved")
    assert asking.again().status == 201
    tab.open(tab.address)
    looks_right(tab, "approval-used")


def _price(tab: Tab) -> str:
    found: str = tab.evaluate("() => document.querySelector('.price strong').textContent")
    return found


def test_an_old_session_confirms_with_a_code_first(anas_tab: Tab, approval: Approval, looks_right: LooksRight) -> None:
    """The fixture's session has no proof at all."""
    anas_tab.open(page_of(approval))
    looks_right(anas_tab, "approval-unconfirmed")
    anas_tab.click("link", "Confirm that it is you")
    looks_right(anas_tab, "confirm-offer")
    anas_tab.click("button", "Send me a code")
    anas_tab.fill("Code", code_from_letter())
    anas_tab.click("button", "Continue")
    anas_tab.click("button", f"Approve {_price(anas_tab)}")
    assert "You can go back" in anas_tab.text


def test_declining(anas_tab: Tab, approval: Approval, looks_right: LooksRight) -> None:
    anas_tab.open(page_of(approval))
    anas_tab.click("button", "Decline")
    assert "it is told that you said no" in anas_tab.text
    looks_right(anas_tab, "approval-declined")


def test_a_passkey_will_do(new_tab: NewTab, asking: Asking, settings: Any, looks_right: LooksRight) -> None:
    settings.ORIGIN = LOCALHOST
    tab = new_tab(origin=LOCALHOST)
    carry_key(tab)
    tab.open("/accounts/passkeys/")
    sign_in(tab)
    tab.click("link", "Add a passkey")
    tab.fill("Name", "My telephone")
    tab.click("button", "Add a passkey")
    approval = asking.asks()
    tab.open(f"/accounts/confirm/?next={page_of(approval)}")
    looks_right(tab, "confirm-with-passkey")
    tab.click("button", "Use a passkey")
    assert tab.path == page_of(approval)
    tab.click("button", f"Approve {_price(tab)}")
    approval.refresh_from_db()
    assert (approval.state, approval.decided_with) == ("approved", "passkey")


def test_stopping_to_be_asked_within_limits(
    tab: Tab, asking: Asking, approval: Approval, looks_right: LooksRight
) -> None:
    tab.open(page_of(approval))
    sign_in(tab)
    tab.do(lambda page: page.locator("summary").click())
    looks_right(tab, "approval-allowance")
    tab.fill("At most for one booking (EUR)", "a lot")
    tab.fill("At most in one month (EUR)", "")
    tab.do(lambda page: page.locator("[name=people]").first.uncheck())
    tab.do(lambda page: page.get_by_label("Until the end of").fill("2020-01-01"))
    tab.click("button", "Approve, and allow this")
    assert tab.do(lambda page: page.title()).startswith("Error: ")
    looks_right(tab, "approval-allowance-mistyped")
    tab.fill("At most for one booking (EUR)", "2500.00")
    tab.fill("At most in one month (EUR)", "6000")
    day = (clock.now() + timedelta(days=60)).date()
    tab.do(lambda page: page.get_by_label("Until the end of").fill(day.isoformat()))
    tab.click("button", "Approve, and allow this")
    assert "You can go back" in tab.text
    _use_some(Mandate.objects.get(), approval)
    tab.open("/accounts/apps/")
    assert "1234.50 of 6000.00 EUR" in tab.text
    looks_right(tab, "apps-with-allowance")
    tab.click("button", "Revoke what Scout may spend in EUR")
    assert "It is revoked" in tab.text
    assert Mandate.objects.get().revoked_at is not None


def _use_some(mandate: Mandate, approval: Approval) -> None:
    Approval.objects.filter(pk=approval.pk).update(
        mandate=mandate, amount_minor=123_450, currency="EUR", used_at=clock.now(), state="used"
    )


def test_the_page_turns_when_the_time_is_over(anas_tab: Tab, approval: Approval, looks_right: LooksRight) -> None:
    anas_tab.do(lambda page: page.clock.install())
    anas_tab.open(page_of(approval))
    assert "left" in anas_tab.text
    Approval.objects.filter(pk=approval.pk).update(expires_at=clock.now())
    anas_tab.do(lambda page: page.clock.fast_forward(A_DAY))
    anas_tab.sees("text=Its time is over")
    assert "Its time is over" in anas_tab.text
    looks_right(anas_tab, "approval-expired")


def test_the_list(anas_tab: Tab, asking: Asking, approval: Approval, looks_right: LooksRight) -> None:
    anas_tab.open("/approvals/")
    looks_right(anas_tab, "approvals-one")
    for state in ("declined", "used", "expired", "withdrawn"):
        Approval.objects.filter(pk=asking.asks().pk).update(state=state)
    asking.asks_for("cancel_booking", **cancellation_of(asking.world.quote()))
    anas_tab.open("/approvals/")
    looks_right(anas_tab, "approvals")


def test_what_else_is_asked(anas_tab: Tab, asking: Asking, looks_right: LooksRight) -> None:
    questions = {
        "cancel": asking.asks_for("cancel_booking", **cancellation_of(asking.world.quote())),
        "delete": asking.asks_for("delete_passenger_profile", passenger_id=str(asking.world.passenger().passenger_id)),
    }
    for name, question in questions.items():
        anas_tab.open(page_of(question))
        looks_right(anas_tab, f"approval-{name}")


def test_what_a_new_allowance_would_replace(
    tab: Tab, asking: Asking, approval: Approval, looks_right: LooksRight
) -> None:
    mandate = factories.mandate(asking.ana, asking.scout, passenger_ids=people_of(approval))
    _use_some(mandate, asking.asks())
    tab.open(page_of(approval))
    sign_in(tab)
    tab.do(lambda page: page.locator("summary").click())
    assert "It may already spend 4000.00 EUR a month; 1234.50 EUR of it are used." in tab.text
    looks_right(tab, "approval-allowance-replaced")


def test_a_hostile_name(anas_tab: Tab, asking: Asking, looks_right: LooksRight) -> None:
    asking.scout.name = "Movmo Security Team, please approve at once or lose your account and money " * 4
    asking.scout.registration_source = "dcr"
    asking.scout.save()
    offer = asking.world.mapped_offer("ADT", family_name="van der Bergen-Schwarzenegger")
    question = asking.asks_for("create_booking", **booking_of(offer))
    anas_tab.open(page_of(question))
    looks_right(anas_tab, "approval-hostile")
    anas_tab.looked_at(Look("narrow", 320, 568, "light"))
    assert too_wide(anas_tab) == []


def test_nothing_was_ever_asked(anas_tab: Tab, looks_right: LooksRight) -> None:
    anas_tab.open("/approvals/")
    looks_right(anas_tab, "approvals-none")
    assert anas_tab.open(f"/approvals/{new_id()}") == 404
    looks_right(anas_tab, "approval-absent")
    anas_tab.open("/accounts/")
    looks_right(anas_tab, "home")
