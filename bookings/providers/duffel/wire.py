"""An offer as Duffel v2 sends it, only what we read: https://duffel.com/docs/api/v2/offers/schema

Strict: a number is no string, a string is no boolean. Fields that we do not read are ignored, because Duffel adds
fields without a new version. Fields stand in reading order, so the first error of a validation is the first thing wrong
with the offer. Limits keep a hostile offer small; a real one stays far below them.
"""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from bookings.providers.airports import is_zone
from movmo.kit.money import AmountInvalid, exponent

_LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?", re.ASCII)
_INSTANT = re.compile(_LOCAL_TIME.pattern + r"(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_DURATION = re.compile(
    r"P(?=.)(?:([0-9]{1,2})D)?(?:T(?=.)(?:([0-9]{1,3})H)?(?:([0-9]{1,4})M)?(?:[0-9]{1,5}S)?)?", re.ASCII
)


def _time(value: Any, pattern: re.Pattern[str], expected: str) -> datetime:
    """Years are bounded so that no later arithmetic with zones can leave the calendar."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(expected)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(expected) from None
    if not 1990 <= moment.year <= 2100:
        raise ValueError(expected)
    return moment


def _local_time(value: Any) -> datetime:
    return _time(value, _LOCAL_TIME, "expected an airport-local time without offset, such as 2026-03-20T07:25:00")


def _instant(value: Any) -> datetime:
    return _time(value, _INSTANT, "expected a time with offset, such as 2026-03-20T07:25:00Z")


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("expected an ISO 8601 duration, such as PT2H30M or P1DT22H30M")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _optional(read: Any) -> Any:
    return lambda value: None if value is None else read(value)


def _plain(text: str) -> str:
    """Names are printed on pages and tickets: line breaks become spaces, control and bidi characters vanish."""
    kept = (" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join("".join(char for char in kept if unicodedata.category(char)[0] != "C").split())


def _currency(code: str) -> str:
    try:
        exponent(code)
    except AmountInvalid:
        raise ValueError("expected an ISO 4217 currency code") from None
    return code


def _known_zone(name: str | None) -> str | None:
    """A zone that the time-zone database does not know counts as absent: the airport's code decides then."""
    return name if name is not None and is_zone(name) else None


LocalTime = Annotated[datetime, BeforeValidator(_local_time)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
OptionalInstant = Annotated[datetime | None, BeforeValidator(_optional(_instant))]
Duration = Annotated[timedelta | None, BeforeValidator(_optional(_duration))]
Text = Annotated[str, StringConstraints(max_length=300), AfterValidator(_plain)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,300}$")]
# Money.parse judges the scale; here only the shape: a JSON float, an exponent or a minus sign is no amount.
Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
CarrierCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")]
FlightNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}[A-Z]?$")]
AirportCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Cabin = Literal["economy", "premium_economy", "business", "first"]
Count = Annotated[int, Field(ge=0, le=100)]


class Wire(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Carrier(Wire):
    iata_code: CarrierCode
    name: Text


class OperatingCarrier(Wire):
    """The operating carrier of a wet lease or of a train has no IATA code."""

    iata_code: CarrierCode | None = None
    name: Text | None = None


class Aircraft(Wire):
    name: Text


class Airport(Wire):
    iata_code: AirportCode
    name: Text | None = None
    city_name: Text | None = None
    iata_country_code: CountryCode | None = None
    time_zone: Annotated[str | None, AfterValidator(_known_zone)] = None


class Stop(Wire):
    airport: Airport


class Baggage(Wire):
    type: Literal["checked", "carry_on"]
    quantity: Count


class SegmentPassenger(Wire):
    passenger_id: Identifier
    cabin_class: Cabin | None = None
    fare_basis_code: Text | None = None
    baggages: Annotated[list[Baggage], Field(max_length=20)] | None = None


class Segment(Wire):
    id: Identifier
    marketing_carrier: Carrier
    marketing_carrier_flight_number: FlightNumber
    operating_carrier: OperatingCarrier | None = None
    operating_carrier_flight_number: FlightNumber | None = None
    origin: Airport
    origin_terminal: Text | None = None
    destination: Airport
    destination_terminal: Text | None = None
    departing_at: LocalTime
    arriving_at: LocalTime
    duration: Duration = None
    aircraft: Aircraft | None = None
    stops: Annotated[list[Stop], Field(max_length=10)] | None = None
    passengers: Annotated[list[SegmentPassenger], Field(max_length=50)]


class Slice(Wire):
    """Origin and destination are read from the segments: a slice may name a city, which has no time zone."""

    fare_brand_name: Text | None = None
    duration: Duration = None
    segments: Annotated[list[Segment], Field(min_length=1, max_length=20)]


class Passenger(Wire):
    """Either a type or, since v2, only an age."""

    id: Identifier
    type: Literal["adult", "child", "infant_without_seat"] | None = None
    age: Annotated[int, Field(ge=0, le=150)] | None = None


class PaymentRequirements(Wire):
    requires_instant_payment: bool
    payment_required_by: OptionalInstant = None
    price_guarantee_expires_at: OptionalInstant = None


class Condition(Wire):
    allowed: bool | None = None
    penalty_amount: Amount | None = None
    penalty_currency: Currency | None = None


class Conditions(Wire):
    refund_before_departure: Condition | None = None
    change_before_departure: Condition | None = None


class Service(Wire):
    id: Identifier
    type: Text
    # Each type of service has its own; what of it we cannot read is unknown, and no fault of the offer.
    metadata: dict[str, Any] | None = None
    total_amount: Amount
    total_currency: Currency
    maximum_quantity: Count
    segment_ids: Annotated[list[Identifier], Field(max_length=200)]
    passenger_ids: Annotated[list[Identifier], Field(max_length=50)]


class Offer(Wire):
    """`supported_passenger_identity_document_types` replaced `allowed_…`, which older offers still carry."""

    slices: Annotated[list[Slice], Field(min_length=1, max_length=10)]
    id: Identifier
    passengers: Annotated[list[Passenger], Field(min_length=1, max_length=50)]
    owner: Carrier
    expires_at: Instant
    base_amount: Amount
    base_currency: Currency
    tax_amount: Amount | None
    tax_currency: Currency | None
    total_amount: Amount
    total_currency: Currency
    payment_requirements: PaymentRequirements
    passenger_identity_documents_required: bool
    supported_passenger_identity_document_types: Annotated[list[Text], Field(max_length=20)] | None = None
    allowed_passenger_identity_document_types: Annotated[list[Text], Field(max_length=20)] | None = None
    conditions: Conditions | None = None
    available_services: Annotated[list[Service], Field(max_length=500)] | None = None
    total_emissions_kg: Amount | None = None
