"""What this room knows of a person, and how it is forgotten: see movmo.accounts.privacy."""

from datetime import datetime
from typing import Any

from bookings.booking import queries as bookings
from bookings.booking.models import Booking
from bookings.booking.owing import held_money
from bookings.booking.states import UNDER_WAY
from bookings.offer.models import OfferSlot
from bookings.passenger import queries as passengers
from bookings.passenger.identity_document import queries as documents
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.payment_method import queries as cards
from bookings.payment_method import services as card_services
from bookings.payment_method.models import CardCapture, PaymentMethod
from movmo.accounts.models import User
from movmo.accounts.privacy.services import AccountBusy, Records
from movmo.kit import clock
from movmo.operations.models import IdempotencyRecord


def tell(user: User) -> dict[str, Any]:
    """Passengers with their documents in full, cards as far as we know them, and bookings with who travelled."""
    today = clock.now().date()
    people = Passenger.objects.filter(user=user).order_by("id")
    kept = IdentityDocument.objects.filter(user=user).order_by("id")
    mine = PaymentMethod.objects.filter(user=user, deleted_at=None).order_by("id")
    trips = Booking.objects.filter(user=user).select_related("payment_method").order_by("id")
    return {
        "passengers": [passengers.view(one, on=today).model_dump(mode="json") for one in people],
        "identity_documents": [documents.view(one).model_dump(mode="json") for one in kept],
        "payment_methods": [cards.view(one, today=today).model_dump(mode="json") for one in mine],
        "bookings": [
            {**bookings.view(one).model_dump(mode="json"), "passengers_as_booked": one.people} for one in trips
        ],
    }


def check(user: User) -> None:
    """Raises AccountBusy while an airline has still to decide, or to give money back."""
    if Booking.objects.filter(user=user, state__in=UNDER_WAY).exists():
        raise AccountBusy(reason="a booking is under way")
    if Booking.objects.filter(held_money(), user=user).exists():
        raise AccountBusy(reason="a payment for a booking that failed has still to be given back")


def erase(user: User, now: datetime) -> None:
    """Bookings stay without the people: those are encrypted with a key that the caller destroys."""
    for card in PaymentMethod.objects.filter(user=user, deleted_at=None):
        card_services.discard(card, now=now)
    CardCapture.objects.filter(user=user).delete()
    IdentityDocument.objects.filter(user=user).delete()
    OfferSlot.objects.filter(passenger__user=user).update(passenger=None)
    Passenger.objects.filter(user=user).delete()
    IdempotencyRecord.objects.filter(owner_id=user.pk).delete()


RECORDS = Records("bookings", tell=tell, erase=erase, check=check)
