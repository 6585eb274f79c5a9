"""The normalised flight vocabulary that every provider adapter speaks.

Amounts are integer minor units with an ISO 4217 code; times are airport-local with their IANA zone and UTC.
`None` means that the provider did not say: unknown is never read as "no".
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from movmo.kit.money import Money

INFANT_UNTIL = 2
CHILD_UNTIL = 12


class PassengerType(StrEnum):
    """IATA passenger type codes. INF travels on a lap, INS in a seat of its own."""

    ADULT = "ADT"
    CHILD = "CHD"
    INFANT = "INF"
    INFANT_WITH_SEAT = "INS"


def type_at_age(age: int) -> PassengerType:
    """IATA's ages: under 2, 2 to 11, 12 or older. Whether an infant has a seat is the offer's to say."""
    if age < INFANT_UNTIL:
        return PassengerType.INFANT
    return PassengerType.CHILD if age < CHILD_UNTIL else PassengerType.ADULT


class CabinClass(StrEnum):
    ECONOMY = "economy"
    PREMIUM_ECONOMY = "premium_economy"
    BUSINESS = "business"
    FIRST = "first"


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(Frozen):
    """One end of a segment or slice. `zone` is the airport's IANA time zone."""

    iata_code: str
    name: str
    city_name: str | None = None
    country_code: str | None = None
    zone: str
    terminal: str | None = None


class Moment(Frozen):
    """An instant at an airport: `local` without offset, its zone, and the same instant in UTC."""

    local: datetime
    zone: str
    utc: datetime


class Baggage(Frozen):
    type: Literal["checked", "carry_on"]
    quantity: int
    weight_kg: int | None = None


class SegmentPassenger(Frozen):
    """What one passenger's fare includes on one segment."""

    provider_passenger_id: str
    cabin_class: CabinClass | None = None
    booking_class: str | None = None
    fare_basis: str | None = None
    baggage: list[Baggage] = []


class Segment(Frozen):
    provider_segment_id: str
    marketing_carrier: str
    marketing_flight_number: str
    marketing_carrier_name: str
    operating_carrier: str | None = None
    operating_flight_number: str | None = None
    operating_carrier_name: str | None = None
    aircraft: str | None = None
    origin: Place
    destination: Place
    departing: Moment
    arriving: Moment
    duration_minutes: int
    stops: list[str] = []
    passengers: list[SegmentPassenger] = []


class Slice(Frozen):
    origin: Place
    destination: Place
    duration_minutes: int
    fare_brand: str | None = None
    segments: list[Segment]


class Condition(Frozen):
    """Whether a change or refund before departure is allowed; None means the provider did not say."""

    allowed: bool | None = None
    penalty_minor: int | None = None
    penalty_currency: str | None = None


class Conditions(Frozen):
    refundable: Condition = Condition()
    changeable: Condition = Condition()


class PaymentRequirements(Frozen):
    requires_instant_payment: bool
    payment_required_by: datetime | None = None
    price_guarantee_expires_at: datetime | None = None


class IdentityDocuments(Frozen):
    required: bool
    supported_types: list[str] = []


class OfferPassenger(Frozen):
    """A slot of the offer, before a person is mapped to it."""

    provider_passenger_id: str
    type: PassengerType
    associated_adult: str | None = None


class Service(Frozen):
    """A bag or seat that may be added, as the provider offers it. What kind of bag, where the provider says."""

    provider_service_id: str
    type: str
    baggage_type: Literal["checked", "carry_on"] | None = None
    maximum_weight_kg: int | None = None
    total_minor: int
    currency: str
    maximum_quantity: int
    provider_segment_ids: list[str]
    provider_passenger_ids: list[str]


class NormalisedOffer(Frozen):
    """One provider offer in the house's words. base + tax + fees = total, all in `currency`."""

    provider_offer_id: str
    owner_carrier: str
    owner_carrier_name: str
    validating_carrier: str | None = None
    expires_at: datetime | None = None
    base_minor: int
    tax_minor: int
    fees_minor: int = 0
    total_minor: int
    currency: str
    payment_requirements: PaymentRequirements
    identity_documents: IdentityDocuments
    conditions: Conditions
    passengers: list[OfferPassenger]
    slices: list[Slice]
    services: list[Service] = []
    emissions_kg: int | None = None

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def segments(self) -> list[Segment]:
        """Every segment of every slice, in the order of travel."""
        return [segment for part in self.slices for segment in part.segments]


@dataclass(frozen=True, slots=True)
class ParsedOffer:
    """A raw offer as it came, with its normalised form."""

    raw: dict[str, Any]
    normalised: NormalisedOffer


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do; an operation that needs a missing one answers not_supported_by_provider."""

    provider: str
    name: str
    type: str
    # Nothing is bought there: test keys reach these providers and no others.
    sandbox: bool
    bookable: bool
    search: bool
    holds: bool
    pricing_step: bool
    seat_map: bool
    max_passengers: int
    max_connections: int
    # The longest an order may take to appear after it was sent; none is sent again before. Above the saga's lease.
    settle_window: timedelta
    genders: tuple[str, ...]
    notes: str
    cancellation: bool = False
    schedule_changes: bool = False
    # It tells what it sold on a day: `list_orders` and `statement` of the port.
    statements: bool = False
    # By our reference. Where not, an unknown outcome goes to a person and is never sent again.
    finds_orders: bool = True


@dataclass(frozen=True, slots=True)
class SliceQuery:
    origin: str
    destination: str
    departure_date: date


@dataclass(frozen=True, slots=True)
class SearchQuery:
    slices: tuple[SliceQuery, ...]
    passengers: tuple[PassengerType, ...]
    cabin_class: CabinClass | None = None


@dataclass(frozen=True, slots=True)
class OrderDocument:
    """A travel document for an airline that asks for one. `issuing_country` is an ISO 3166-1 code."""

    type: str
    number: str
    issuing_country: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class OrderPassenger:
    """A person mapped to an offer's slot, named as the ticket will name them."""

    provider_passenger_id: str
    type: PassengerType
    given_name: str
    family_name: str
    birth_date: date
    gender: str
    email: str | None = None
    phone_number: str | None = None
    associated_adult: str | None = None
    document: OrderDocument | None = None


class CardStatus(StrEnum):
    """What the airline's bank said to a card. UNANSWERED: it was asked, and has not been heard."""

    APPROVED = "approved"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    VOIDED = "voided"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class CardRequest:
    """A request that the vault sends to the airline, with the card put into the template's places."""

    url: str
    template: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """`reference` names the authorization to the airline; `challenge_url` is where the cardholder answers the bank."""

    status: CardStatus
    reference: str
    challenge_url: str = ""
    decline_code: str = ""


class OrderStatus(StrEnum):
    CONFIRMED = "confirmed"
    HELD = "held"
    PENDING = "pending"
    FAILED = "failed"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class OrderedService:
    """A seat or bag that goes with an order. `designator` names a seat: "12A". `total` is for all of `quantity`."""

    provider_service_id: str
    type: str
    quantity: int
    provider_segment_ids: tuple[str, ...]
    provider_passenger_id: str
    total: Money
    designator: str | None = None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order to place. `client_reference` is our booking id: the provider must refuse it twice.

    `total` is the offer's with that of the services.
    """

    client_reference: str
    offer: ParsedOffer
    passengers: tuple[OrderPassenger, ...]
    total: Money
    hold: bool
    services: tuple[OrderedService, ...] = ()


@dataclass(frozen=True, slots=True)
class TravelDocument:
    """A ticket or EMD. `number` has 13 digits. `coupons` are the statuses of its flights, in the order of travel."""

    type: str
    number: str
    provider_passenger_id: str
    coupons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnnouncedChange:
    """A change of schedule that the airline announced and nobody has accepted. `slices` is the whole new itinerary."""

    reference: str
    slices: tuple[Slice, ...]
    announced_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderOrder:
    """An order as the provider holds it."""

    order_id: str
    client_reference: str
    status: OrderStatus
    record_locators: tuple[str, ...]
    total: Money
    documents: tuple[TravelDocument, ...] = ()
    payment_required_by: datetime | None = None
    price_guarantee_expires_at: datetime | None = None
    schedule_change: AnnouncedChange | None = None
    refund: Money | None = None


@dataclass(frozen=True, slots=True)
class CancellationTerms:
    """What a cancellation would bring: total = refund + penalty. The airline stands by it until `expires_at`."""

    reference: str
    refund: Money
    penalty: Money
    refund_to: str
    expires_at: datetime


class StatementKind(StrEnum):
    """VOID: the document is worth nothing any more, and no money moves."""

    SALE = "sale"
    REFUND = "refund"
    VOID = "void"
    DEBIT_MEMO = "debit_memo"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of what the airline says it sold and gave back on a day (UTC). `surname` is as on the document.

    `amount` is never negative: its kind says which way it goes. `departure_on` is local to the first airport.
    """

    line_id: str
    kind: StatementKind
    order_id: str
    record_locator: str
    document_number: str
    amount: Money
    day: date
    client_reference: str = ""
    surname: str = ""
    departure_on: date | None = None
