"""A family name asks for an outcome."""

import re

import pytest

from bookings.passenger import names
from bookings.providers.errors import OutcomeUnknown, ProviderFailure, Refusal, Rejected, Unavailable
from bookings.providers.sandbox.capabilities import NOTES
from bookings.providers.types import ParsedOffer
from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder
from bookings.sandbox_airline.services import SandboxAirline
from bookings.sandbox_airline.triggers import Trigger
from movmo.kit.money import Money
from tests.bookings.providers.orders import order
from tests.bookings.sandbox_airline.stage import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("family_name", "refusal"),
    [
        ("SOLDOUT", Refusal.SOLD_OUT),
        ("Expired", Refusal.OFFER_EXPIRED),
        ("declined", Refusal.PAYMENT_DECLINED),
        ("PRICEUP", Refusal.PRICE_CHANGED),
    ],
)
def test_a_refusal_by_name(airline: SandboxAirline, offer: ParsedOffer, family_name: str, refusal: Refusal) -> None:
    with pytest.raises(Rejected) as caught:
        airline.place_order(order(offer, family_name=family_name), now=NOW)
    assert caught.value.refusal is refusal
    assert not SandboxOrder.objects.exists()


def test_priceup_asks_for_a_tenth_more_and_takes_it(airline: SandboxAirline, offer: ParsedOffer) -> None:
    with pytest.raises(Rejected) as caught:
        airline.place_order(order(offer, family_name="PRICEUP"), now=NOW)
    raised = Money((offer.normalised.total_minor * 110 + 50) // 100, "EUR")
    assert caught.value.new_total == raised
    assert airline.place_order(order(offer, family_name="PRICEUP", total=raised), now=NOW).total == raised


@pytest.mark.parametrize("family_name", ["TIMEOUTBOOKED", "ERROR500BOOKED"])
def test_an_order_may_be_made_although_the_answer_is_lost(
    airline: SandboxAirline, offer: ParsedOffer, family_name: str
) -> None:
    wanted = order(offer, family_name=family_name)
    with pytest.raises(OutcomeUnknown):
        airline.place_order(wanted, now=NOW)
    found = airline.find_order(wanted.client_reference, now=NOW)
    assert found is not None
    assert found.client_reference == wanted.client_reference


@pytest.mark.parametrize(("family_name", "failure"), [("TIMEOUTLOST", OutcomeUnknown), ("ERROR502CLEAN", Unavailable)])
def test_an_order_may_be_lost_with_the_answer(
    airline: SandboxAirline, offer: ParsedOffer, family_name: str, failure: type[ProviderFailure]
) -> None:
    wanted = order(offer, family_name=family_name)
    with pytest.raises(failure):
        airline.place_order(wanted, now=NOW)
    assert airline.find_order(wanted.client_reference, now=NOW) is None
    assert not SandboxInventory.objects.exists()


@pytest.mark.parametrize("trigger", Trigger)
def test_every_name_is_told_to_partners_and_may_be_a_passengers(trigger: Trigger) -> None:
    assert re.search(rf"\b{trigger}\b", NOTES)
    names.check(trigger, field="family_name")
    assert names.as_ticketed(trigger.lower(), field="family_name") == trigger


def test_nothing_is_told_that_the_airline_does_not_know() -> None:
    airports = {"PVD", "RAI", "JFK", "EWR", "LHR", "DXB", "BTS", "MRU", "STN", "SYD"}
    assert set(re.findall(r"\b[A-Z][A-Z0-9]{2,}\b", NOTES)) - airports == set(Trigger)
