"""Which card pays for a booking: the traveler's own, not expired, and of the provider's kind."""

from datetime import datetime
from uuid import UUID

from bookings.payment_method import queries as cards
from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.services import CardExpired
from movmo.kit.errors import DomainError, Kind

SANDBOX = "sandbox"


class CardNotForProvider(DomainError):
    kind = Kind.RULE
    code = "card_not_for_provider"
    message = "This card does not pay at {provider}."
    hint = "Test cards pay at sandboxes and nowhere else; all other cards pay at all other providers."


def chosen(payment_method_id: UUID | None, *, user_id: UUID, provider: str, now: datetime) -> PaymentMethod | None:
    """None where none was named. Raises NotFound, CardExpired or CardNotForProvider."""
    if payment_method_id is None:
        return None
    card = cards.held(user_id=user_id, payment_method_id=payment_method_id)
    if cards.is_expired(card, today=now.date()):
        raise CardExpired
    if card.is_test != (provider == SANDBOX):
        raise CardNotForProvider(provider=provider)
    return card
