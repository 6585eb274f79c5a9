"""What is told about an offer. No personal values: whoever may know more reads the offer."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from bookings.catalogue import modes
from bookings.offer.models import Offer
from movmo.operations import events
from movmo.operations.events import EventType, Subject


class OfferEvent(BaseModel):
    offer_id: UUID
    provider: str = Field(examples=["sandbox"])
    expires_at: datetime


EXPIRED = events.declare(
    EventType(
        "offer.expired.v1",
        "An offer that somebody had submitted, put passengers on or chosen services of ran out without a booking.",
        OfferEvent,
    )
)


def subject(offer: Offer) -> Subject:
    return Subject(offer.pk, offer.partner_id, offer.user_id, is_live=not modes.is_sandbox(offer.provider))
