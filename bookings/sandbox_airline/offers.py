"""The airline's offers in Duffel's v2 shape (https://duffel.com/docs/api/v2/offers/schema), as it sends them out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bookings.providers.airports import Airport
from bookings.providers.types import ParsedOffer, PassengerType, SearchQuery
from bookings.sandbox_airline import triggers
from bookings.sandbox_airline.fares import (
    HOLD,
    OFFER_LIFE,
    PRICE_GUARANTEE,
    Brand,
    Price,
    percentage,
    price,
    raised,
)
from bookings.sandbox_airline.network import CARRIER, CARRIER_NAME
from bookings.sandbox_airline.schedule import Flight, Itinerary
from bookings.sandbox_airline.seals import is_own, seal
from movmo.kit.ids import new_id
from movmo.kit.money import Money

Raw = dict[str, Any]
DUFFEL_TYPES = {
    PassengerType.ADULT: "adult",
    PassengerType.CHILD: "child",
    PassengerType.INFANT: "infant_without_seat",
}
# Beside Duffel's fields: whoever reads the offer passes over it.
PRICE_RAISED = "price_raised"
HOLD_ONLY_SUFFIX = " (hold only)"
# Per seat and kilometre, with a cabin's share of the floor.
GRAMS_PER_KM = {"economy": 75, "business": 210}


@dataclass(frozen=True, slots=True)
class Slot:
    id: str
    type: PassengerType


def slots(query: SearchQuery) -> tuple[Slot, ...]:
    """A fresh passenger id for everybody in the query; every offer of one search shares them."""
    search = new_id().hex
    return tuple(Slot(f"pas_{search}{index:02d}", type_) for index, type_ in enumerate(query.passengers))


def raw_offer(
    journey: tuple[Itinerary, ...],
    brand: Brand,
    party: tuple[Slot, ...],
    *,
    now: datetime,
    price_raised: bool = False,
) -> Raw:
    """One offer for one brand over the whole journey, good for OFFER_LIFE."""
    cost = price(journey, brand, tuple(slot.type for slot in party))
    if price_raised:
        cost = raised(cost, triggers.RAISED_PERCENT)
    serial = new_id().hex  # in the ids of its parts, so that no two offers have one seal
    slices = [_slice(itinerary, brand, party, f"{serial}{index:02d}") for index, itinerary in enumerate(journey)]
    content = {
        "live_mode": False,
        "partial": False,
        "owner": _carrier(),
        "created_at": _instant(now),
        "updated_at": _instant(now),
        "expires_at": _instant(now + OFFER_LIFE),
        **_amounts(base=cost.base, tax=cost.tax, total=cost.total),
        "total_emissions_kg": str(_emissions_kg(journey, brand, party)),
        "payment_requirements": _payment_requirements(journey, brand, now),
        "passenger_identity_documents_required": _needs_documents(journey),
        "supported_passenger_identity_document_types": ["passport"],
        "conditions": _conditions(brand, cost.total),
        "private_fares": [],
        "passengers": [_passenger(slot) for slot in party],
        "slices": slices,
        "available_services": _extra_bags(slices, brand, cost, party),
        PRICE_RAISED: price_raised,
    }
    return {"id": seal(content), **content}


def is_price_raised(offer: ParsedOffer) -> bool:
    """Whether the offer has the higher price already. Only the airline's own can say so: they are sealed."""
    return is_own(offer.normalised) and offer.raw.get(PRICE_RAISED) is True


def _needs_documents(journey: tuple[Itinerary, ...]) -> bool:
    """Australia wants to know who comes before the aircraft leaves."""
    return any(triggers.NEEDS_DOCUMENTS in _endpoints(itinerary) for itinerary in journey)


def is_hold_only(carrier: str, slices: list[tuple[str, str]]) -> bool:
    """Whether the airline takes this journey only unpaid, for the time of a hold."""
    return carrier == CARRIER and triggers.HOLD_ONLY in slices


def _amounts(**amounts: Money) -> Raw:
    fields: Raw = {}
    for name, money in amounts.items():
        fields |= {f"{name}_amount": money.amount, f"{name}_currency": money.currency}
    return fields


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _local(moment: datetime) -> str:
    """Airport-local without offset, as Duffel writes it."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def _duration(start: datetime, end: datetime) -> str:
    minutes = int((end.astimezone(UTC) - start.astimezone(UTC)).total_seconds()) // 60
    days, minutes = divmod(minutes, 24 * 60)
    return f"P{days}DT{minutes // 60}H{minutes % 60}M" if days else f"PT{minutes // 60}H{minutes % 60}M"


def _endpoints(itinerary: Itinerary) -> tuple[str, str]:
    return itinerary[0].route.origin.iata_code, itinerary[-1].route.destination.iata_code


def _hold_only(journey: tuple[Itinerary, ...]) -> bool:
    return is_hold_only(CARRIER, [_endpoints(itinerary) for itinerary in journey])


def _payment_requirements(journey: tuple[Itinerary, ...], brand: Brand, now: datetime) -> Raw:
    """A hold must end before departure, so a flight within that time is paid at once like the Light brand. Where it can
    only be held, there is so much less time.
    """
    departing = journey[0][0].departing
    in_time = departing > now + HOLD
    if not _hold_only(journey) and not (brand.holdable and in_time):
        return {
            "requires_instant_payment": True,
            "payment_required_by": None,
            "price_guarantee_expires_at": None,
        }
    return {
        "requires_instant_payment": False,
        "payment_required_by": _instant(min(now + HOLD, departing)),
        "price_guarantee_expires_at": _instant(min(now + PRICE_GUARANTEE, departing)),
    }


def _conditions(brand: Brand, total: Money) -> Raw:
    return {
        "change_before_departure": _condition(brand.change_penalty_percent, total),
        "refund_before_departure": _condition(brand.refund_penalty_percent, total),
    }


def _condition(penalty_percent: int | None, total: Money) -> Raw:
    if penalty_percent is None:
        return {"allowed": False, "penalty_amount": None, "penalty_currency": None}
    return {"allowed": True, **_amounts(penalty=percentage(total, penalty_percent))}


def _emissions_kg(journey: tuple[Itinerary, ...], brand: Brand, party: tuple[Slot, ...]) -> int:
    kilometres = sum(flight.route.distance_km for itinerary in journey for flight in itinerary)
    seats = sum(slot.type is not PassengerType.INFANT for slot in party)
    return kilometres * GRAMS_PER_KM[brand.cabin] * seats // 1000


def _passenger(slot: Slot) -> Raw:
    return {
        "id": slot.id,
        "type": DUFFEL_TYPES[slot.type],
        "age": None,
        "given_name": None,
        "family_name": None,
        "loyalty_programme_accounts": [],
    }


def _slice(itinerary: Itinerary, brand: Brand, party: tuple[Slot, ...], serial: str) -> Raw:
    origin, destination = itinerary[0].route.origin, itinerary[-1].route.destination
    bags = 0 if _endpoints(itinerary) == triggers.NO_BAGS else brand.checked_bags
    return {
        "id": f"sli_{serial}",
        "origin_type": "airport",
        "origin": _airport(origin),
        "destination_type": "airport",
        "destination": _airport(destination),
        "duration": _duration(itinerary[0].departing, itinerary[-1].arriving),
        # The brand is what a traveler reads, so a journey that cannot be paid at once says so there.
        "fare_brand_name": brand.name + HOLD_ONLY_SUFFIX if _hold_only((itinerary,)) else brand.name,
        "segments": [
            _segment(flight, brand, bags, party, f"{serial}{index:02d}") for index, flight in enumerate(itinerary)
        ],
    }


def _segment(flight: Flight, brand: Brand, checked_bags: int, party: tuple[Slot, ...], serial: str) -> Raw:
    aircraft = flight.route.aircraft
    return {
        "id": f"seg_{serial}",
        "marketing_carrier": _carrier(),
        "marketing_carrier_flight_number": flight.number,
        "operating_carrier": _carrier(),
        "operating_carrier_flight_number": flight.number,
        "aircraft": {"id": f"arc_{aircraft.iata_code}", "iata_code": aircraft.iata_code, "name": aircraft.name},
        "origin": _airport(flight.route.origin),
        "origin_terminal": None,
        "destination": _airport(flight.route.destination),
        "destination_terminal": None,
        "departing_at": _local(flight.departing),
        "arriving_at": _local(flight.arriving),
        "duration": _duration(flight.departing, flight.arriving),
        "distance": str(flight.route.distance_km),
        "stops": [],
        "passengers": [_segment_passenger(slot, brand, checked_bags) for slot in party],
    }


def _segment_passenger(slot: Slot, brand: Brand, checked_bags: int) -> Raw:
    on_lap = slot.type is PassengerType.INFANT
    return {
        "passenger_id": slot.id,
        "cabin_class": brand.cabin.value,
        "cabin_class_marketing_name": brand.cabin.value.title(),
        "fare_basis_code": f"{brand.cabin.value[0].upper()}{brand.code}{'IN' if on_lap else ''}",
        "baggages": [
            {"type": "checked", "quantity": 0 if on_lap else checked_bags},
            {"type": "carry_on", "quantity": 0 if on_lap else 1},
        ],
    }


def _extra_bags(slices: list[Raw], brand: Brand, cost: Price, party: tuple[Slot, ...]) -> list[Raw]:
    """One more checked bag per slice and seated passenger."""
    bags = []
    for part in slices:
        if (part["origin"]["iata_code"], part["destination"]["iata_code"]) == triggers.NO_BAGS:
            continue
        for slot in party:
            if slot.type is not PassengerType.INFANT:
                bags.append(_extra_bag(part, slot, brand, cost))
    return bags


def _extra_bag(part: Raw, slot: Slot, brand: Brand, cost: Price) -> Raw:
    return {
        "id": f"ase_{part['id'][4:]}{slot.id[-2:]}",
        "type": "baggage",
        **_amounts(total=cost.extra_bag),
        "maximum_quantity": 2,
        "segment_ids": [segment["id"] for segment in part["segments"]],
        "passenger_ids": [slot.id],
        "metadata": {"type": "checked", "maximum_weight_kg": 32 if brand.code == "BUS" else 23},
    }


def _carrier() -> Raw:
    return {"id": f"arl_{CARRIER}", "iata_code": CARRIER, "name": CARRIER_NAME}


def _airport(place: Airport) -> Raw:
    code, country = place.iata_code, place.country_code
    return {
        "id": f"arp_{code.lower()}_{country.lower()}",
        "type": "airport",
        "iata_code": code,
        "iata_country_code": country,
        "name": place.name,
        "city_name": place.city_name,
        "time_zone": place.zone,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }
