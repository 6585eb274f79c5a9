"""Each call to a provider about a booking leaves a line: what was asked and answered, and nothing of a person."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from bookings.booking import saga, steps
from bookings.booking.models import Booking
from bookings.booking.provider_call import services
from bookings.booking.provider_call.models import ProviderCall
from bookings.booking.schemas import BookingView
from bookings.booking.tasks import purge_provider_calls
from movmo.kit import clock as time
from movmo.kit.errors import DomainError
from movmo.sandbox_vault.app import SandboxVault
from tests.clear_text import tells_the_card
from tests.conftest import StoppedClock
from tests.contract.world import World, cancellation_of, view_of

pytestmark = pytest.mark.django_db


def calls_of(booking: Any) -> list[tuple[str, str]]:
    rows = ProviderCall.objects.filter(booking_id=booking.booking_id).order_by("id")
    return list(rows.values_list("operation", "outcome"))


def test_an_order_and_its_cancellation(world: World) -> None:
    booked = world.booking()
    world.call("cancel_booking", **cancellation_of(world.quote(booked)))
    assert calls_of(booked) == [("book", "ok"), ("quote_cancellation", "ok"), ("confirm_cancellation", "ok")]
    book = ProviderCall.objects.filter(booking_id=booked.booking_id).order_by("id")[0]
    booking = Booking.objects.get(pk=booked.booking_id)
    assert book.request["client_reference"] == str(booking.pk)
    assert book.request["passengers"] == ["ADT"]
    assert book.response is not None
    assert book.response["order_id"] == booking.order_id
    assert book.response["record_locators"] == booking.record_locators


def test_nothing_of_a_person_is_in_a_line(world: World) -> None:
    offer = world.offer()
    person = world.passenger(given_name="Thylacine", email="private@example.com", phone_number="+4915112345678")
    world.map(offer, 0, person)
    booked = view_of(BookingView, world.book(offer))
    world.call("cancel_booking", **cancellation_of(world.quote(booked)))
    lines = json.dumps(list(ProviderCall.objects.values("request", "response"))).lower()
    for private in ("thylacine", "andersson", "private@", "4915112345678", str(person.birth_date)):
        assert private.lower() not in lines


@pytest.mark.parametrize(
    ("family_name", "outcome", "refusal"),
    [("SOLDOUT", "rejected", "sold_out"), ("RATELIMIT", "unavailable", ""), ("TIMEOUTLOST", "unknown", "")],
)
def test_a_failure_is_told_apart(world: World, family_name: str, outcome: str, refusal: str) -> None:
    offer = world.mapped_offer(family_name=family_name)
    with suppress(DomainError):  # the refusals have their own tests
        world.book(offer)
    line = ProviderCall.objects.filter(operation="book").latest("id")
    assert (line.outcome, line.refusal) == (outcome, refusal)
    assert (line.response is None) == (outcome != "rejected")


@pytest.fixture
def nothing_can_be_written(transactional_db: None) -> Iterator[None]:
    """The table of calls is away."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE provider_call RENAME TO provider_call_away")
        yield
        cursor.execute("ALTER TABLE provider_call_away RENAME TO provider_call")


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_not_lost_with_its_line(world: World, nothing_can_be_written: None) -> None:
    assert world.booking().status == "ticketed"


def test_a_crash_in_an_adapter_leaves_a_line(world: World, install_airline: Any, clock: StoppedClock) -> None:
    booked = world.booking()
    Booking.objects.filter(pk=booked.booking_id).update(state="unknown", submitted_at=clock.now)

    class Broken:
        def find_order(self, client_reference: str, *, now: Any) -> None:
            raise KeyError("secret words of a provider")

    install_airline(Broken())
    saga.look_up(steps.reload(booked.booking_id), clock=time.now)
    line = ProviderCall.objects.latest("id")
    assert (line.operation, line.outcome, line.response) == ("find_order", "unknown", None)


def test_a_call_is_found_by_its_request(world: World) -> None:
    booked = world.booking()
    assert {line.correlation for line in ProviderCall.objects.filter(booking_id=booked.booking_id)} == {""}
    caller = replace(world.caller, request_id="req-of-the-test")
    other = view_of(BookingView, world.book(world.mapped_offer(), by=caller))
    assert ProviderCall.objects.get(booking_id=other.booking_id).correlation == "req-of-the-test"


def test_a_card_goes_by_the_same_way(world: World, the_vault: SandboxVault) -> None:
    card = world.card()
    booked = view_of(BookingView, world.book(world.mapped_offer(), payment_method_id=str(card.payment_method_id)))
    assert calls_of(booked) == [("authorize_card", "ok"), ("book", "ok")]
    line = ProviderCall.objects.get(booking_id=booked.booking_id, operation="authorize_card")
    assert not tells_the_card(json.dumps([line.request, line.response]))


def test_lines_are_kept_for_ninety_days(world: World, clock: StoppedClock) -> None:
    world.booking()
    clock.forward(days=90)
    purge_provider_calls()
    assert ProviderCall.objects.count() == 1
    clock.forward(seconds=1)
    assert services.purge(now=clock.now) == 1
    assert not ProviderCall.objects.exists()
    assert services.purge(now=clock.now + timedelta(days=1)) == 0
