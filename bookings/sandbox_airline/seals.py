"""How the airline knows its own offers again without keeping them: the id of each is a keyed digest of all the rest.

The key derives from SECRET_KEY; SECRET_KEY_FALLBACKS let the offers outlive a rotation.
"""

from typing import Any

import orjson
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from bookings.providers.types import NormalisedOffer, ParsedOffer
from bookings.sandbox_airline.network import CARRIER


def seal(raw: dict[str, Any]) -> str:
    """The id that fits this offer and no other; an `id` that it has already does not count."""
    return _seal(raw, settings.SECRET_KEY)


def is_own(offer: NormalisedOffer) -> bool:
    """Whether it sells this airline's flights, under its own name or another's."""
    carriers: set[str | None] = {offer.owner_carrier}
    for segment in offer.segments:
        carriers |= {segment.marketing_carrier, segment.operating_carrier}
    return CARRIER in carriers


def is_intact(offer: ParsedOffer) -> bool:
    """Whether the airline made the offer, exactly as it is."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(offer.normalised.provider_offer_id, _seal(offer.raw, key)) for key in keys)


def _seal(raw: dict[str, Any], key: str | bytes) -> str:
    """Over everything, in any order of keys: whatever was left out could be changed."""
    rest = {name: part for name, part in raw.items() if name != "id"}
    text = orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)
    digest = salted_hmac("bookings.sandbox_airline.seals", text, secret=key, algorithm="sha256").hexdigest()
    return f"off_{digest[:32]}"
