"""A seat or a bag that was chosen and is not sold any more: whoever is about to pay is told before they are booked."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from bookings.booking.models import Booking
from bookings.providers.errors import Refusal, Rejected
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import OrderRequest, ProviderOrder
from checkout_widget.frame.purchase.reviewing import dropped_in_words
from checkout_widget.session import steps
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.schemas import LOCALES
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock as the_clock
from tests.bookings.offer.desk import Desk
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.person import Person

pytestmark = pytest.mark.usefixtures("vault_is_up")

SEAT = 1_500
"""What 12A costs, in minor units."""
DEARER, SAME, CHEAPER = SEAT + 1_000, SEAT, 0
"""What the fare costs more once the seat is gone: the total is another, the same, another."""
TOLD = "Something that you chose is not sold any more. Nothing was booked and no money moved."


@pytest.fixture
def desk(install_airline: Callable[[Airline], None]) -> Desk:
    desk = Desk()
    install_airline(desk)
    return desk


@pytest.fixture
def seated(desk: Desk, ready: Checkout, client: Client) -> Person:
    """Ana, with 12A on the bill."""
    choose(ready, seat="12A")
    ready.world.card()
    ana = Person(ready, client)
    ana.posts("offer")
    assert "Seat 12A" in ana.step()
    return ana


def choose(checkout: Checkout, *, seat: str = "", bags: int = 0) -> None:
    offer = checkout.offer()
    seats = [{"segment": 1, "slot_id": str(offer.passengers[0].slot_id), "designator": seat}] if seat else []
    bag = next(one for one in offer.services if one.type == "baggage")
    services = [{"service_id": bag.service_id, "quantity": bags}] if bags else []
    named = {"provider": "sandbox", "offer_id": str(offer.offer_id)}
    checkout.world.call("select_services", **named, seats=seats, services=services)


def sell_the_seat(desk: Desk, *, fare: int = 0) -> None:
    """To somebody else; the fare costs so much more."""
    desk.prices.pop("12A", None)

    def change(raw: dict[str, Any]) -> None:
        for name in ("base_amount", "total_amount"):
            raw[name] = str(Decimal(raw[name]) + Decimal(fare) / 100)
        desk.change = lambda raw: None

    desk.change = change


@pytest.mark.parametrize("fare", [DEARER, SAME, CHEAPER])
def test_at_the_yes_it_is_named_and_paid_without_it_only_after_another_yes(
    seated: Person, desk: Desk, fare: int
) -> None:
    before = seated.checkout.again()
    sell_the_seat(desk, fare=fare)
    seated.confirms()
    after = seated.checkout.again()
    assert (seated.status, after.state, seated.checkout.attempts) == (409, State.READY, [])
    assert after.total_minor == before.total_minor - SEAT + fare
    assert after.quote_version == before.quote_version + 1
    assert "Not sold any more Seat 12A" in seated.says()
    assert "no money moved" in seated.says()
    assert ("The price has changed" in seated.says()) is (fare != SAME)
    assert (f"The offer has changed {TOLD}" in seated.says()) is (fare == SAME)
    assert "You are booked" in seated.confirms()
    assert Booking.objects.get().total.amount == after.total.amount


@pytest.mark.parametrize("fare", [DEARER, SAME, CHEAPER])
def test_at_a_refresh_it_is_named(seated: Person, desk: Desk, fare: int) -> None:
    before = seated.checkout.again()
    sell_the_seat(desk, fare=fare)
    seated.posts("offer")
    assert "Not sold any more Seat 12A" in seated.says()
    assert ("The price has changed" in seated.says()) is (fare != SAME)
    assert seated.checkout.again().quote_version == before.quote_version + 1
    assert TOLD in " ".join(seated.step().split())


def test_a_seat_that_costs_nothing_is_not_lost_in_silence(seated: Person, desk: Desk) -> None:
    desk.prices["12A"] = 0
    seated.posts("offer")
    seated.step()
    sell_the_seat(desk)
    seated.confirms()
    assert (seated.status, Booking.objects.count()) == (409, 0)
    assert "Not sold any more Seat 12A" in seated.says()


def test_a_bag_is_named_too(desk: Desk, ready: Checkout, client: Client) -> None:
    choose(ready, bags=1)
    ready.world.card()
    ana = Person(ready, client)
    ana.posts("offer")
    ana.step()
    desk.change = lambda raw: raw.update(available_services=[])
    ana.confirms()
    assert (ana.status, ready.attempts) == (409, [])
    assert "Not sold any more 1 more bag" in ana.says()


def test_a_yes_to_the_page_before_hears_of_it_again(seated: Person, desk: Desk) -> None:
    seated.step()
    old = {"quote_version": seated.value("quote_version"), "payment_method_id": seated.chosen_card()}
    sell_the_seat(desk, fare=SAME)
    seated.posts("confirm", **old)
    seated.posts("confirm", **old)
    assert (seated.status, Booking.objects.count()) == (409, 0)
    assert TOLD in seated.says()
    assert "The price has changed" not in seated.says()
    assert "You are booked" in seated.confirms()


def test_it_is_told_in_the_other_checkout_of_the_offer_too(seated: Person, desk: Desk, checkouts: Checkouts) -> None:
    """Its page was loaded before; the offer itself tells once what it does not sell any more."""
    again = checkouts.open(offer_id=str(seated.checkout.session.offer_id))
    again.claim()
    again.arrive(checkouts.traveler)
    other = Person(again, Client())
    assert "Seat 12A" in other.step()
    sell_the_seat(desk, fare=SAME)
    seated.posts("offer")
    other.confirms()
    assert (other.status, Booking.objects.count()) == (409, 0)
    assert TOLD in other.says()


@pytest.mark.parametrize(
    ("path", "status", "says"), [("confirm", 409, "Not sold any more Seat 12A"), ("offer", 200, TOLD)]
)
def test_while_another_step_is_faster_it_is_told_all_the_same(
    seated: Person, desk: Desk, path: str, status: int, says: str
) -> None:
    """The session has moved by the time the airline answers."""

    def move() -> None:
        desk.before_answering = lambda: None
        assert steps.move(seated.checkout.again(), State.READY, now=the_clock.now())

    sell_the_seat(desk, fare=SAME)
    desk.before_answering = move
    sent = {"quote_version": seated.value("quote_version"), "payment_method_id": seated.chosen_card()}
    seated.posts(path, **sent)
    assert (seated.status, Booking.objects.count()) == (status, 0)
    assert says in seated.says()
    seated.posts("confirm", **sent)
    assert (seated.status, Booking.objects.count()) == (409, 0)


def test_where_the_price_is_asked_for_after_the_airline_refused_it_it_is_told(seated: Person, desk: Desk) -> None:
    def refuse(order: OrderRequest, *, now: Any) -> ProviderOrder:
        del desk.place_order
        sell_the_seat(desk, fare=SAME)
        raise Rejected(Refusal.PRICE_CHANGED, "it is another now", new_total=order.total)

    desk.place_order = refuse  # type: ignore[method-assign]
    seated.confirms()
    assert (seated.status, seated.checkout.state) == (409, State.READY)
    assert "Not sold any more Seat 12A" in seated.says()
    assert TOLD in " ".join(seated.step().split())
    assert "You are booked" in seated.pays()


def test_nobody_begins_to_book_what_was_dropped_meanwhile(seated: Person) -> None:
    """Between the airline's answer and the attempt."""
    session = seated.checkout.again()
    CheckoutSession.objects.filter(pk=session.pk).update(quote_version=session.quote_version + 1)
    assert not steps.move(session, State.CONFIRMING, now=the_clock.now())


@pytest.mark.parametrize("locale", LOCALES)
def test_it_is_told_in_every_language(locale: str) -> None:
    with translation.override(locale):
        assert (dropped_in_words().startswith(TOLD)) is (locale == "en")
