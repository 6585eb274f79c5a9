"""Every test has a folder of its own for statements that wait, and a booking without documents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookings.booking.document.models import BookingDocument
from bookings.booking.models import Booking
from tests.bookings.reconciliation.scene import Clerk
from tests.conftest import StoppedClock
from tests.contract.world import World
from tests.saga.conftest import airline, booked, held

__all__ = ["airline", "booked", "held"]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    kept = tmp_path / "statements"
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(kept)}}
    settings.STORAGES = {**settings.STORAGES, "statements": place}
    return kept


@pytest.fixture
def book(world: World, clock: StoppedClock) -> Callable[..., Booking]:
    """A booking of the world's traveler at the sandbox airline, its own documents put aside."""

    def booked(**changes: Any) -> Booking:
        booking = Booking.objects.get(pk=world.booking().booking_id)
        BookingDocument.objects.filter(booking=booking).delete()
        if changes:
            Booking.objects.filter(pk=booking.pk).update(**changes)
            booking.refresh_from_db()
        return booking

    return booked


@pytest.fixture
def booking(book: Callable[..., Booking]) -> Booking:
    return book()


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()
