"""Duffel's offer in the house's words. Pure: nothing is called, nothing is stored.

Reading order: `parse_offer` → `_normalise` → its parts in the order of the offer.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bookings.providers.airports import airport
from bookings.providers.duffel import wire
from bookings.providers.errors import OfferUnrecognized
from bookings.providers.types import (
    Baggage,
    CabinClass,
    Condition,
    Conditions,
    IdentityDocuments,
    Moment,
    NormalisedOffer,
    OfferPassenger,
    ParsedOffer,
    PassengerType,
    PaymentRequirements,
    Place,
    Segment,
    SegmentPassenger,
    Service,
    Slice,
    type_at_age,
)
from movmo.kit.money import Money, amount_at

log = logging.getLogger(__name__)

PASSENGER_TYPES = {
    "adult": PassengerType.ADULT,
    "child": PassengerType.CHILD,
    "infant_without_seat": PassengerType.INFANT,
}


def parse_offer(raw: Any) -> ParsedOffer:
    """Read a raw Duffel v2 offer, any JSON.

    Raises OfferUnrecognized for the first part that is missing or wrong, and AmountInvalid for an amount with more
    decimals than its currency has.
    """
    if not isinstance(raw, dict):
        raise OfferUnrecognized("", "expected a JSON object")
    try:
        offer = wire.Offer.model_validate(raw)
    except ValidationError as failure:
        raise _unrecognized(failure) from None
    return ParsedOffer(raw=raw, normalised=_normalise(offer))


def _unrecognized(failure: ValidationError) -> OfferUnrecognized:
    first = failure.errors(include_url=False, include_context=False, include_input=False)[0]
    problem = "missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
    return OfferUnrecognized(_pointer(*first["loc"]), problem)


def _pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _normalise(offer: wire.Offer) -> NormalisedOffer:
    slices = [_slice(part, ("slices", index)) for index, part in enumerate(offer.slices)]
    _refuse_disorder(slices)
    passengers = [_passenger(slot, index) for index, slot in enumerate(offer.passengers)]
    _refuse_repeated(("passengers",), (slot.id for slot in offer.passengers))
    _refuse_strangers(offer)
    base, tax, fees, total = _price(offer)
    return NormalisedOffer(
        provider_offer_id=offer.id,
        owner_carrier=offer.owner.iata_code,
        owner_carrier_name=offer.owner.name,
        expires_at=offer.expires_at.astimezone(UTC),
        base_minor=base.minor,
        tax_minor=tax.minor,
        fees_minor=fees,
        total_minor=total.minor,
        currency=total.currency,
        payment_requirements=_payment_requirements(offer.payment_requirements),
        identity_documents=_identity_documents(offer),
        conditions=_conditions(offer.conditions),
        passengers=passengers,
        slices=slices,
        services=[_service(service, index) for index, service in enumerate(offer.available_services or [])],
        emissions_kg=_whole_kg(offer.total_emissions_kg),
    )


def _slice(part: wire.Slice, at: tuple[str | int, ...]) -> Slice:
    segments = [_segment(segment, (*at, "segments", index)) for index, segment in enumerate(part.segments)]
    computed = segments[-1].arriving.utc - segments[0].departing.utc
    return Slice(
        origin=segments[0].origin,
        destination=segments[-1].destination,
        duration_minutes=_duration_minutes(part.duration, computed, at),
        fare_brand=part.fare_brand_name or None,
        segments=segments,
    )


def _segment(segment: wire.Segment, at: tuple[str | int, ...]) -> Segment:
    origin = _place(segment.origin, segment.origin_terminal, (*at, "origin"))
    destination = _place(segment.destination, segment.destination_terminal, (*at, "destination"))
    departing, arriving = _moment(segment.departing_at, origin.zone), _moment(segment.arriving_at, destination.zone)
    if arriving.utc <= departing.utc:
        raise OfferUnrecognized(_pointer(*at, "arriving_at"), "expected a time after the departure")
    operating = segment.operating_carrier or wire.OperatingCarrier()
    return Segment(
        provider_segment_id=segment.id,
        marketing_carrier=segment.marketing_carrier.iata_code,
        marketing_flight_number=segment.marketing_carrier_flight_number,
        marketing_carrier_name=segment.marketing_carrier.name,
        operating_carrier=operating.iata_code,
        operating_flight_number=segment.operating_carrier_flight_number,
        operating_carrier_name=operating.name,
        aircraft=segment.aircraft.name if segment.aircraft else None,
        origin=origin,
        destination=destination,
        departing=departing,
        arriving=arriving,
        duration_minutes=_duration_minutes(segment.duration, arriving.utc - departing.utc, at),
        stops=[stop.airport.iata_code for stop in segment.stops or []],
        passengers=[_segment_passenger(slot) for slot in segment.passengers],
    )


def _refuse_disorder(slices: list[Slice]) -> None:
    """Nobody departs before they have arrived, within a slice or from one to the next."""
    journey = [(s, g, segment) for s, part in enumerate(slices) for g, segment in enumerate(part.segments)]
    for (_, _, before), (s, g, after) in pairwise(journey):
        if after.departing.utc < before.arriving.utc:
            pointer = _pointer("slices", s, "segments", g, "departing_at")
            raise OfferUnrecognized(pointer, "expected a time after the arrival of the segment before")


def _place(place: wire.Airport, terminal: str | None, at: tuple[str | int, ...]) -> Place:
    known = airport(place.iata_code)
    zone = place.time_zone or (known.zone if known else None)
    if zone is None:
        raise OfferUnrecognized(_pointer(*at, "time_zone"), "expected an IANA time zone: the airport is unknown to us")
    return Place(
        iata_code=place.iata_code,
        name=place.name or (known.name if known else place.iata_code),
        city_name=place.city_name or (known.city_name if known else None),
        country_code=place.iata_country_code or (known.country_code if known else None),
        zone=zone,
        terminal=terminal,
    )


def _moment(local: datetime, zone: str) -> Moment:
    return Moment(local=local, zone=zone, utc=local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))


def _duration_minutes(stated: timedelta | None, computed: timedelta, at: tuple[str | int, ...]) -> int:
    """The provider's own word counts: airlines file durations with other time-zone data than ours."""
    if stated is not None and stated != computed:
        log.warning("duration at %s is %s by the provider, %s by time zones", _pointer(*at), stated, computed)
    return int((computed if stated is None else stated).total_seconds()) // 60


def _segment_passenger(slot: wire.SegmentPassenger) -> SegmentPassenger:
    return SegmentPassenger(
        provider_passenger_id=slot.passenger_id,
        cabin_class=CabinClass(slot.cabin_class) if slot.cabin_class else None,
        fare_basis=slot.fare_basis_code or None,
        baggage=[Baggage(type=bag.type, quantity=bag.quantity) for bag in slot.baggages or []],
    )


def _passenger(slot: wire.Passenger, index: int) -> OfferPassenger:
    return OfferPassenger(provider_passenger_id=slot.id, type=_passenger_type(slot, index))


def _passenger_type(slot: wire.Passenger, index: int) -> PassengerType:
    if slot.type is not None:
        return PASSENGER_TYPES[slot.type]
    if slot.age is None:
        raise OfferUnrecognized(_pointer("passengers", index, "type"), "expected a type, or an age instead")
    return type_at_age(slot.age)


def _refuse_repeated(at: tuple[str | int, ...], ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for index, each in enumerate(ids):
        if each in seen:
            raise OfferUnrecognized(_pointer(*at, index, "id"), "expected an id that no other entry has")
        seen.add(each)


def _refuse_strangers(offer: wire.Offer) -> None:
    """A segment may only speak of passengers of the offer: fares and baggage are joined by that id."""
    known = {slot.id for slot in offer.passengers}
    for s, part in enumerate(offer.slices):
        for g, segment in enumerate(part.segments):
            for p, slot in enumerate(segment.passengers):
                if slot.passenger_id not in known:
                    pointer = _pointer("slices", s, "segments", g, "passengers", p, "passenger_id")
                    raise OfferUnrecognized(pointer, "expected the id of a passenger of this offer")


def _money(amount: str, currency: str, *at: str | int) -> Money:
    """Raises AmountInvalid, with the amount's place in the offer."""
    with amount_at(_pointer(*at)):
        return Money.parse(amount, currency)


def _price(offer: wire.Offer) -> tuple[Money, Money, int, Money]:
    """Base, tax, fees (minor units) and total. A null tax is none.

    Duffel names no fees, and base and tax nearly always make the total; recorded offers exist whose total is higher,
    though. The total is what is charged, so the rest counts as fees; a total below its parts is refused.
    """
    for name, currency in (("base_currency", offer.base_currency), ("tax_currency", offer.tax_currency)):
        if currency not in (offer.total_currency, None):
            raise OfferUnrecognized(_pointer(name), f"expected {offer.total_currency}, the currency of the total")
    base = _money(offer.base_amount, offer.total_currency, "base_amount")
    tax = _money(offer.tax_amount or "0", offer.total_currency, "tax_amount")
    total = _money(offer.total_amount, offer.total_currency, "total_amount")
    fees = total.minor - base.minor - tax.minor
    if fees < 0:
        raise OfferUnrecognized("/total_amount", f"expected {base + tax} or more: base and tax are part of it")
    if fees:
        log.warning("offer %s: the total exceeds base and tax by %d minor units", offer.id, fees)
    return base, tax, fees, total


def _payment_requirements(payment: wire.PaymentRequirements) -> PaymentRequirements:
    return PaymentRequirements(
        requires_instant_payment=payment.requires_instant_payment,
        payment_required_by=_utc(payment.payment_required_by),
        price_guarantee_expires_at=_utc(payment.price_guarantee_expires_at),
    )


def _utc(instant: datetime | None) -> datetime | None:
    return instant.astimezone(UTC) if instant else None


def _identity_documents(offer: wire.Offer) -> IdentityDocuments:
    supported = offer.supported_passenger_identity_document_types
    if supported is None:
        supported = offer.allowed_passenger_identity_document_types
    return IdentityDocuments(required=offer.passenger_identity_documents_required, supported_types=supported or [])


def _conditions(conditions: wire.Conditions | None) -> Conditions:
    conditions = conditions or wire.Conditions()
    return Conditions(
        refundable=_condition(conditions.refund_before_departure, "refund_before_departure"),
        changeable=_condition(conditions.change_before_departure, "change_before_departure"),
    )


def _condition(condition: wire.Condition | None, name: str) -> Condition:
    """Null is unknown, not refused."""
    if condition is None:
        return Condition()
    if condition.penalty_amount is None:
        return Condition(allowed=condition.allowed)
    if condition.penalty_currency is None:
        raise OfferUnrecognized(_pointer("conditions", name, "penalty_currency"), "missing")
    at = ("conditions", name, "penalty_amount")
    penalty = _money(condition.penalty_amount, condition.penalty_currency, *at)
    return Condition(allowed=condition.allowed, penalty_minor=penalty.minor, penalty_currency=penalty.currency)


def _service(service: wire.Service, index: int) -> Service:
    price = _money(service.total_amount, service.total_currency, "available_services", index, "total_amount")
    told = service.metadata or {}
    kind, weight = told.get("type"), told.get("maximum_weight_kg")
    return Service(
        provider_service_id=service.id,
        type=service.type,
        baggage_type=kind if kind in ("checked", "carry_on") else None,
        maximum_weight_kg=weight if type(weight) is int and 0 < weight < 1000 else None,
        total_minor=price.minor,
        currency=price.currency,
        maximum_quantity=service.maximum_quantity,
        provider_segment_ids=service.segment_ids,
        provider_passenger_ids=service.passenger_ids,
    )


def _whole_kg(kilograms: str | None) -> int | None:
    return None if kilograms is None else int(Decimal(kilograms).to_integral_value(ROUND_HALF_UP))
