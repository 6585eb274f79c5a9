"""Every PNR of a booking is in the index of its own, as long as the airline names it."""

import pytest
from django.db import IntegrityError, transaction

from bookings.booking import steps
from bookings.booking.models import Booking
from bookings.booking.record_locator.models import FurtherLocator
from bookings.booking.record_locator.queries import bookings_with
from movmo.kit import clock
from tests.bookings.reconciliation.trade import bought
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def booking(world: World) -> Booking:
    return Booking.objects.get(pk=bought(world, family_name="TWOPNRS", back_after=7).booking_id)


def told(booking: Booking, *locators: str) -> Booking:
    return steps.note_facts(booking, now=clock.now(), reason="the airline says so", record_locators=list(locators))


def test_an_order_of_two_pnrs_is_found_by_its_second(booking: Booking, world: World) -> None:
    assert len(booking.record_locators) == 2
    assert bookings_with(booking.record_locators) == [booking.pk]
    assert [one.locator for one in booking.further_locators.all()] == booking.record_locators[1:]


def test_an_ordinary_booking_has_no_row(world: World) -> None:
    world.booking()
    assert not FurtherLocator.objects.exists()


def test_what_the_airline_no_longer_names_is_gone(booking: Booking) -> None:
    first, second = booking.record_locators
    after = told(booking, first, "QWERTY", "QWERTY")
    assert (bookings_with([second]), bookings_with(["QWERTY"])) == ([], [booking.pk])
    told(after, first)
    assert not FurtherLocator.objects.exists()


def test_a_step_that_lost_writes_none(booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(fence=booking.fence + 1)  # another worker was quicker
    told(booking, *booking.record_locators, "SECOND")
    assert bookings_with(["SECOND"]) == []


def test_the_rows_are_of_the_last_word_however_old_the_row_in_hand(booking: Booking) -> None:
    told(booking, *booking.record_locators, "FIRST1")
    told(booking, *booking.record_locators, "SECOND")
    assert [bookings_with([name]) for name in ("FIRST1", "SECOND")] == [[], [booking.pk]]


def test_the_newest_come_first_and_no_more_than_asked(world: World) -> None:
    pair = [Booking.objects.get(pk=world.booking().booking_id) for _ in range(2)]
    for one in pair:
        told(one, one.locator, "SHARED", "OTHERS")
    assert bookings_with(["SHARED", "OTHERS"]) == [pair[1].pk, pair[0].pk]
    assert bookings_with(["SHARED", "OTHERS"], most=1) == [pair[1].pk]


def test_the_database_keeps_one_row(booking: Booking) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        FurtherLocator.objects.create(booking=booking, locator=booking.record_locators[1])
