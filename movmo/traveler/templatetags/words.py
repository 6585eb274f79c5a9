"""What operations say in codes, in words for people."""

from typing import Any

from django import template

from movmo.traveler import standing
from movmo.traveler.passengers import GENDERS, TYPES
from movmo.traveler.profile import CABINS, LANGUAGES, MEALS, SEATS

register = template.Library()

BRANDS = {"american_express": "American Express", "mastercard": "Mastercard", "jcb": "JCB"}
WORDS = {
    **dict((*GENDERS, *TYPES, *CABINS, *LANGUAGES, *MEALS, *SEATS)),
    "electronic_ticket": "Ticket",
}


@register.filter
def in_words(code: Any) -> str:
    """A code that the forms offer; nothing chosen is nothing."""
    return WORDS.get(str(code), str(code)) if code else ""


@register.filter
def as_status(code: Any) -> str:
    """Of a booking."""
    return standing.in_short(code)


@register.filter
def as_card(card: Any) -> str:
    """A card's view as its owner knows it."""
    brand = card["brand"]
    return f"{BRANDS.get(brand) or brand.replace('_', ' ').title()} ending in {card['last4']}"
