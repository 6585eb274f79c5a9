"""Cards by the clock."""

from celery import shared_task

from bookings.payment_method import services
from movmo.kit import clock


@shared_task
def redact_cards() -> None:
    """Two at once tell a vault twice to forget the same card: harmless."""
    services.sweep()


@shared_task
def card_notices() -> None:
    """A card's letter is claimed by a conditional update: of two at once one writes it."""
    services.tell_of_expiring(now=clock.now())
