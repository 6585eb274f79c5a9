"""Whole lives of bookings at the sandbox airline, by the real operations and workers: each letter comes once."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from bookings.booking import sweeping, watching
from bookings.booking.models import Booking
from movmo.kit import clock as real_clock
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.letters import post

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(world: World, clock: StoppedClock) -> Any:
    def book(family_name: str = "Andersson", **changes: Any) -> Booking:
        offer = world.mapped_offer(family_name=family_name, holdable=changes.get("mode") == "hold")
        world.book(offer, **changes)
        return Booking.objects.get()

    return book


def subjects(clock: StoppedClock, *, within: timedelta) -> list[str]:
    """What ana has got when the workers have done their rounds for so long."""
    until = clock.now + within
    while clock.now < until:
        for booking_id in sweeping.due(now=clock.now, limit=10):
            sweeping.drive(booking_id, clock=real_clock.now)
        for booking_id in watching.due(now=clock.now, limit=10):
            watching.look(booking_id, clock=real_clock.now)
        post()
        clock.set(min(until, clock.now + max(timedelta(seconds=30), within / 60)))
    post()
    return [letter.subject.partition(":")[0] for letter in mail.outbox]


def test_an_ordinary_one(booked: Any, clock: StoppedClock) -> None:
    booked()
    assert subjects(clock, within=timedelta(days=2)) == ["You are booked"]


def test_a_hold_that_is_paid(booked: Any, clock: StoppedClock, world: World) -> None:
    booking = booked(mode="hold")
    assert subjects(clock, within=timedelta(minutes=5)) == ["Held for you"]
    total = {"amount": booking.total.amount, "currency": booking.total.currency}
    world.call("confirm_hold", booking_id=str(booking.pk), expected_total=total)
    assert subjects(clock, within=timedelta(hours=1)) == ["Held for you", "You are booked"]


def test_a_hold_that_nobody_pays(booked: Any, clock: StoppedClock) -> None:
    booked(mode="hold")
    assert subjects(clock, within=timedelta(days=3)) == ["Held for you", "No longer held"]


def test_one_that_is_cancelled(booked: Any, clock: StoppedClock, world: World) -> None:
    booking = booked()
    subjects(clock, within=timedelta(minutes=5))
    quote: Any = world.call("quote_cancellation", booking_id=str(booking.pk)).view
    world.call("cancel_booking", booking_id=str(booking.pk), quote_id=str(quote.quote_id))
    assert subjects(clock, within=timedelta(hours=1)) == ["You are booked", "Cancelled"]
    body = str(mail.outbox[-1].body)
    assert "as you asked" in body
    assert f"{quote.penalty.amount} {quote.penalty.currency}" in body


def test_one_that_the_airline_delays_and_refuses(booked: Any, clock: StoppedClock) -> None:
    booked("Delayfail")
    assert subjects(clock, within=timedelta(days=1)) == ["Not booked"]


def test_one_that_the_airline_cancels(booked: Any, clock: StoppedClock) -> None:
    booked("Cancelair")
    assert subjects(clock, within=timedelta(days=7)) == ["You are booked", "Cancelled"]


def test_one_whose_times_are_changed(booked: Any, clock: StoppedClock, world: World) -> None:
    booking = booked("Schedule")
    assert subjects(clock, within=timedelta(days=7)) == ["You are booked", "Please decide"]
    change = booking.schedule_changes.get()
    world.call("accept_schedule_change", booking_id=str(booking.pk), change_id=str(change.pk))
    assert subjects(clock, within=timedelta(hours=1))[2:] == ["New times"]


def test_one_whose_times_move_a_little(booked: Any, clock: StoppedClock) -> None:
    booked("Scheduleminor")
    assert subjects(clock, within=timedelta(hours=2)) == ["You are booked", "New times"]


def test_one_whose_change_the_airline_takes_back(booked: Any, clock: StoppedClock) -> None:
    booked("Scheduleback")
    assert subjects(clock, within=timedelta(hours=2)) == ["You are booked", "Please decide", "As booked"]


def test_one_whose_tickets_come_late(booked: Any, clock: StoppedClock) -> None:
    booked("Noticket")
    assert subjects(clock, within=timedelta(hours=2)) == ["Reserved, tickets to follow", "Your tickets"]
