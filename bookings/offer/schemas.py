"""What doors take and give for offers."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, WithJsonSchema, model_validator

from bookings.providers.types import Baggage, CabinClass, IdentityDocuments, PassengerType, PaymentRequirements
from movmo.kit.money import Money
from movmo.operations.context import Request, View
from movmo.operations.redaction import Redacted

ProviderName = Annotated[str, Field(min_length=1, max_length=40)]
# RFC 3339's date-time demands an offset; a local time has none, so the schema says what it is instead.
LocalTime = Annotated[datetime, WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"})]
AirportCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
# IATA's designators have two characters, and a letter among them.
CarrierCode = Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9]|[0-9][A-Z])$")]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Order = Literal["price", "duration", "departure"]


class OfferStatus(StrEnum):
    """`refused`: its provider would not sell it when it was booked. `expired` follows from `expires_at`."""

    ACTIVE = "active"
    CONSUMED = "consumed"
    REFUSED = "refused"
    EXPIRED = "expired"


class MoneyView(View):
    amount: str = Field(description="Decimal string with the currency's number of decimals.", examples=["412.30"])
    currency: str = Field(description="ISO 4217 code.", examples=["EUR"])

    @classmethod
    def of(cls, money: Money) -> "MoneyView":
        return cls(amount=money.amount, currency=money.currency)


class MoneyInput(Request):
    amount: str = Field(
        pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$", description="Decimal string, never a number.", examples=["412.30"]
    )
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.", examples=["EUR"])

    def money(self) -> Money:
        """Raises AmountInvalid."""
        return Money.parse(self.amount, self.currency)


class CreateOffer(Request):
    provider: ProviderName = Field(description="Provider name, from list_providers.", examples=["sandbox"])
    offer: Annotated[dict[str, Any], Redacted] = Field(
        description="The provider's offer exactly as its own search returned it (Duffel v2 offer shape).",
        examples=[{"id": "off_0000AUde3KY1SptM6ABSfT", "total_amount": "412.30", "total_currency": "EUR"}],
    )


class GetOffer(Request):
    provider: ProviderName = Field(description="The offer's provider.", examples=["sandbox"])
    offer_id: UUID = Field(description="From search_flights or create_offer.")


class ReadOffer(Request):
    provider: ProviderName | None = Field(
        default=None, description="The offer's provider; the offer_id alone will do.", examples=["sandbox"]
    )
    offer_id: UUID = Field(description="From search_flights or create_offer.")


class RefreshOffer(Request):
    provider: ProviderName = Field(description="The offer's provider.", examples=["sandbox"])
    offer_id: UUID = Field(description="An active offer, from search_flights or create_offer.")


class UpdatePassenger(GetOffer):
    slot_id: UUID = Field(description="The offer's slot to fill, from get_offer_details.")
    passenger_id: UUID = Field(description="The saved passenger who travels, from get_passengers_profile.")


Typed = Annotated[str, Field(max_length=300), Redacted]
SO_FAR = "As typed so far; leave out what is not there yet. "


class TypedPerson(Request):
    given_name: Typed | None = Field(default=None, description=SO_FAR + "Given names.", examples=["Zoë"])
    family_name: Typed | None = Field(default=None, description=SO_FAR + "Family name.", examples=["O'Neill-Müller"])
    birth_date: Typed | None = Field(default=None, description=SO_FAR + "YYYY-MM-DD.", examples=["1988-04-12"])
    gender: Typed | None = Field(default=None, description=SO_FAR + "F, M, X or U.", examples=["F"])
    email: Typed | None = Field(default=None, description=SO_FAR + "E-mail address.", examples=["ana@example.com"])
    phone_number: Typed | None = Field(default=None, description=SO_FAR + "E.164.", examples=["+4915112345678"])


class TypedDocument(Request):
    type: Typed | None = Field(default=None, description=SO_FAR + "As in create_identity_document.")
    number: Typed | None = Field(default=None, description=SO_FAR + "As printed.", examples=["NX4P87L21"])
    issuing_country: Typed | None = Field(default=None, description=SO_FAR + "ISO 3166-1 code.", examples=["NL"])
    expires_on: Typed | None = Field(default=None, description=SO_FAR + "YYYY-MM-DD.", examples=["2031-05-04"])


class CheckPassenger(GetOffer):
    slot_id: UUID = Field(description="The offer's slot that the person is for, from get_offer_details.")
    person: TypedPerson = Field(default=TypedPerson(), description="Who is being typed in.")
    document: TypedDocument = Field(default=TypedDocument(), description="Their document, where the trip asks for one.")


class SliceRequest(Request):
    origin: AirportCode = Field(description="IATA code of the airport of departure.", examples=["MUC"])
    destination: AirportCode = Field(description="IATA code of the airport of arrival.", examples=["LIS"])
    departure_date: date = Field(
        description="Local date of departure at the origin, YYYY-MM-DD.", examples=["2027-03-01"]
    )
    earliest_departure: TimeOfDay | None = Field(
        default=None, description="Local time at the origin, HH:MM.", examples=["06:00"]
    )
    latest_departure: TimeOfDay | None = Field(default=None, description="Not before the earliest.", examples=["14:30"])


class SearchFlights(Request):
    """Either a new search (`slices`) or the next page of one (`cursor`)."""

    provider: ProviderName | None = Field(
        default=None, description="Search one provider only; all of them when left out.", examples=["sandbox"]
    )
    slices: list[SliceRequest] = Field(
        default=[],
        max_length=4,
        description="One for a one-way trip, two for a return. Required unless `cursor` is given.",
        examples=[
            [{"origin": "MUC", "destination": "LIS", "departure_date": "2027-03-01", "latest_departure": "14:30"}],
        ],
    )
    adults: int = Field(default=1, ge=0, le=9, description="Passengers of 12 years or more.", examples=[1])
    children: int = Field(default=0, ge=0, le=9, description="Passengers of 2 to 11 years.", examples=[0])
    infants: int = Field(default=0, ge=0, le=9, description="Passengers under 2, on an adult's lap.", examples=[0])
    cabin_class: CabinClass | None = Field(default=None, description="Only this cabin.", examples=["economy"])
    max_connections: int | None = Field(
        default=None,
        ge=0,
        le=4,
        description="Stops: changes of plane in each direction, at most.",
        examples=[0],
    )
    carriers: list[CarrierCode] = Field(
        default=[], max_length=20, description="Sold by these airlines only: IATA codes.", examples=[["XX"]]
    )
    exclude_carriers: list[CarrierCode] = Field(
        default=[], max_length=20, description="Neither sold nor flown by these.", examples=[["ZZ"]]
    )
    max_total: MoneyInput | None = Field(
        default=None, description="For all passengers together. Offers in another currency are left out."
    )
    refundable_only: bool = Field(default=False, description="Only what may be refunded.", examples=[True])
    holdable_only: bool = Field(default=False, description="Only what may be held, and paid later.", examples=[True])
    min_checked_bags: int = Field(
        default=0, ge=0, le=5, description="Included, at least, for each passenger with a seat.", examples=[1]
    )
    sort: Order = Field(default="price", description="Lowest first.", examples=["price"])
    limit: int = Field(default=10, ge=1, le=50, description="How many offers a page holds.", examples=[10])
    cursor: str | None = Field(
        default=None, max_length=300, description="`next_cursor` of the page before, alone or with the same arguments."
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "SearchFlights":
        if self.cursor is None and not self.slices:
            raise ValueError("Give `slices` for a new search, or the `cursor` of the page before.")
        return self


class PlaceView(View):
    iata_code: str = Field(examples=["MUC"])
    name: str = Field(examples=["Munich Airport"])
    city_name: str | None = Field(default=None, examples=["Munich"])
    terminal: str | None = None


class MomentView(View):
    local: LocalTime = Field(description="Airport-local time, without offset.", examples=["2027-03-01T07:25:00"])
    zone: str = Field(description="IANA time zone of the airport.", examples=["Europe/Berlin"])
    utc: datetime = Field(examples=["2027-03-01T06:25:00Z"])


class FareView(View):
    """What the fare includes for one passenger on one segment."""

    slot_id: UUID
    cabin_class: CabinClass | None = None
    booking_class: str | None = None
    fare_basis: str | None = None
    baggage: list[Baggage] = []


class SegmentView(View):
    segment: int = Field(
        description="The flight's number over all slices, in the order of travel; a refresh does not change it.",
        examples=[1],
    )
    marketing_carrier: str = Field(examples=["XX"])
    marketing_flight_number: str = Field(examples=["204"])
    operating_carrier: str | None = Field(default=None, examples=["XX"])
    operating_flight_number: str | None = None
    aircraft: str | None = Field(default=None, examples=["Airbus A320"])
    origin: PlaceView
    destination: PlaceView
    departing: MomentView
    arriving: MomentView
    duration_minutes: int = Field(examples=[185])
    stops: list[str] = []
    passengers: list[FareView] = []


class SliceView(View):
    origin: PlaceView
    destination: PlaceView
    duration_minutes: int = Field(examples=[185])
    fare_brand: str | None = Field(default=None, examples=["Standard"])
    segments: list[SegmentView]


class ConditionView(View):
    allowed: Literal["true", "false", "unknown"] = Field(description="`unknown`: the provider did not say.")
    penalty: MoneyView | None = None


class ConditionsView(View):
    refundable: ConditionView
    changeable: ConditionView


class SlotView(View):
    slot_id: UUID
    type: PassengerType = Field(examples=["ADT"])
    associated_adult: UUID | None = Field(default=None, description="For an infant: the slot of its adult.")
    passenger_id: UUID | None = Field(default=None, description="The saved passenger mapped to it, if any.")


class ServiceView(View):
    """A bag or another extra that may be bought with the offer."""

    service_id: str = Field(
        description="For select_services. Good for this reading of the offer: a refresh makes new ones.",
        examples=["ase_0000AUde3KY1SptM6ABSfT"],
    )
    type: str = Field(examples=["baggage"])
    baggage_type: Literal["checked", "carry_on"] | None = None
    maximum_weight_kg: int | None = Field(default=None, examples=[23])
    total: MoneyView = Field(description="For one.")
    maximum_quantity: int = Field(examples=[2])
    segments: list[int] = Field(description="The numbers of the flights that it is for.", examples=[[1]])
    slot_ids: list[UUID] = Field(description="Whom it may be bought for.")


class ChosenServiceView(View):
    """A seat, bag or another extra that was chosen, with its price."""

    type: str = Field(examples=["seat"])
    designator: str | None = Field(default=None, description="For a seat: its row and letter.", examples=["12A"])
    quantity: int = Field(examples=[1])
    segments: list[int] = Field(description="The numbers of the flights that it is for.", examples=[[1]])
    slot_id: UUID
    total: MoneyView = Field(description="For the whole quantity.")


class SelectedServiceView(ChosenServiceView):
    service_id: str = Field(description="Good for this reading of the offer.", examples=["ase_0000AUde3KY1SptM6ABSfT"])


class WarningView(View):
    """Not refused, but worth telling the traveler before they book."""

    code: str = Field(examples=["document_ends_soon"])
    message: str = Field(examples=["The document ends on 2027-04-01, less than six months after the trip."])
    slot_id: UUID


class Complaint(View):
    """About one value that was typed."""

    pointer: str = Field(description="The field, as a JSON pointer into the request.", examples=["/person/birth_date"])
    code: str = Field(description="As the write that it is meant for refuses it.", examples=["passenger_type_mismatch"])
    message: str = Field(examples=["This passenger travels as CHD on 2027-03-01, but the slot is for ADT."])
    facts: dict[str, Any] = Field(description="What the message was made of.", examples=[{"actual": "CHD"}])


class PassengerCheck(View):
    complaints: list[Complaint] = Field(description="What would be refused.")
    warnings: list[Complaint] = Field(description="What would be taken, and is worth telling the traveler.")
    given_name_as_ticketed: str | None = Field(
        description="null while there is none that a ticket can carry.", examples=["ZOE"]
    )
    family_name_as_ticketed: str | None = Field(examples=["ONEILL MUELLER"])
    traveler_type: PassengerType | None = Field(description="On the first departure.", examples=["ADT"])


class OfferView(View):
    offer_id: UUID
    provider: str = Field(examples=["sandbox"])
    provider_offer_id: str
    status: OfferStatus = Field(examples=["active"])
    expires_at: datetime
    expiry_source: Literal["provider", "policy"]
    owner_carrier: str = Field(examples=["XX"])
    validating_carrier: str | None = None
    base: MoneyView
    tax: MoneyView
    fees: MoneyView
    services_total: MoneyView = Field(description="The price of what is under `selected_services`.")
    total: MoneyView = Field(description="What is to be paid: base + tax + fees + services_total.")
    payment_requirements: PaymentRequirements
    identity_documents: IdentityDocuments
    conditions: ConditionsView
    passengers: list[SlotView] = Field(description="Slots to fill with update_passenger before booking.")
    slices: list[SliceView]
    services: list[ServiceView] = Field(description="Extras that select_services takes; for seats see get_seat_map.")
    selected_services: list[SelectedServiceView] = Field(description="Seats and extras that go into the booking.")
    emissions_kg: int | None = None
    warnings: list[WarningView] = Field(default=[], description="Tell the traveler of these before booking.")


class RefreshView(View):
    old: MoneyView = Field(description="The total before, with the chosen services.")
    new: MoneyView = Field(description="The total now, with those that are left.")
    changed: bool = Field(description="Whether the two differ. Show the traveler the new total before booking.")
    dropped_services: list[ChosenServiceView] = Field(
        description="What was chosen and is not sold any more, with its old price. Choose anew with select_services."
    )
    offer: OfferView


class LegView(View):
    """A slice in one line."""

    origin: str = Field(examples=["MUC"])
    destination: str = Field(examples=["LIS"])
    departing_at: LocalTime = Field(description="Airport-local.", examples=["2027-03-01T07:25:00"])
    arriving_at: LocalTime = Field(description="Airport-local.", examples=["2027-03-01T09:30:00"])
    duration_minutes: int = Field(examples=[185])
    connections: int = Field(examples=[0])
    flights: list[str] = Field(description="Marketing carrier and number.", examples=[["XX204"]])
    fare_brand: str | None = Field(default=None, examples=["Standard"])


class OfferSummary(View):
    offer_id: UUID
    provider: str = Field(examples=["sandbox"])
    total: MoneyView
    expires_at: datetime
    refundable: Literal["true", "false", "unknown"]
    requires_instant_payment: bool
    slices: list[LegView]


class SearchResults(View):
    data: list[OfferSummary]
    next_cursor: str | None = None
    left_out: int = Field(
        description="Offers that were found and fit no filter: if `data` is empty, loosen them. 0 on later pages.",
        examples=[0],
    )
    unavailable: list[str] = Field(description="Providers that could not be asked just now.", examples=[[]])
