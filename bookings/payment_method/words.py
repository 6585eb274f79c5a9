"""A card in words."""

from bookings.payment_method.models import PaymentMethod
from movmo.kit.text import one_line

BRANDS = {"american_express": "American Express", "mastercard": "Mastercard", "jcb": "JCB"}


def card_in_words(card: PaymentMethod) -> str:
    """ "Visa ending in 4242"."""
    brand = BRANDS.get(card.brand) or card.brand.replace("_", " ").title()
    return one_line(f"{brand} ending in {card.last4}")
