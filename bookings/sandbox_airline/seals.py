"""How the airline knows its own offers again without keeping them: the id of each is a keyed digest of all the rest.

So is the id of a seat as it was shown to somebody, of all that was shown. The key derives from SECRET_KEY;
SECRET_KEY_FALLBACKS let the offers outlive a rotation.
"""

import secrets
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
    return any(constant_time_compare(offer.normalised.provider_offer_id, _seal(offer.raw, key)) for key in _keys())


def service_id(*shown: str) -> str:
    """An id for a service as it is shown now; another one at every reading."""
    reading = secrets.token_hex(4)
    return _service_id(reading, shown, settings.SECRET_KEY)


def is_shown(service_id: str, *shown: str) -> bool:
    """Whether the airline gave out this id for that."""
    reading = service_id.removeprefix("ase_")[:8]
    return any(constant_time_compare(service_id, _service_id(reading, shown, key)) for key in _keys())


def _keys() -> list[str | bytes]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _seal(raw: dict[str, Any], key: str | bytes) -> str:
    """Over everything, in any order of keys: whatever was left out could be changed."""
    rest = {name: part for name, part in raw.items() if name != "id"}
    return f"off_{_digest(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS), key)[:32]}"


def _service_id(reading: str, shown: tuple[str, ...], key: str | bytes) -> str:
    return f"ase_{reading}{_digest(orjson.dumps([reading, *shown]), key)[:24]}"


def _digest(content: bytes, key: str | bytes) -> str:
    return salted_hmac("bookings.sandbox_airline.seals", content, secret=key, algorithm="sha256").hexdigest()
