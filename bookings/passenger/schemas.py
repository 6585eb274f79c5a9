"""What doors take and give for passengers."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from bookings.passenger.identity_document.schemas import IdentityDocumentSummary
from bookings.providers.types import PassengerType
from movmo.accounts.contact import Country, Email, LoyaltyView, PhoneNumber, Programmes
from movmo.operations.context import PageRequest, Request, View
from movmo.operations.redaction import Redacted

PersonName = Annotated[str, Field(min_length=1, max_length=100), Redacted]
BirthDate = Annotated[date, Field(ge=date(1900, 1, 1)), Redacted]


class Gender(StrEnum):
    """As travel documents say it (ICAO 9303): F, M or X; U when undisclosed."""

    FEMALE = "F"
    MALE = "M"
    UNSPECIFIED = "X"
    UNDISCLOSED = "U"


NATIONALITY = "Nationality by its ISO 3166-1 code, two capital letters."
EMAIL = "Where the airline may write to this person."
PHONE = "Telephone in E.164 form, starting with +."
LOYALTY = "Frequent-flyer accounts, at most one for each airline."
ON_THIS_DAY = "Compute `traveler_type` on this day (YYYY-MM-DD); today when left out."


class PassengerNames(Request):
    given_name: PersonName = Field(
        description="All given names exactly as in the travel document, in any script.", examples=["Ana María"]
    )
    family_name: PersonName = Field(
        description="Family name exactly as in the travel document, in any script.", examples=["Müller"]
    )
    birth_date: BirthDate = Field(description="Date of birth, YYYY-MM-DD.", examples=["1988-04-12"])
    gender: Gender = Field(description="As in the travel document: F, M or X; U when undisclosed.", examples=["F"])


class CreatePassenger(PassengerNames):
    nationality: Country | None = Field(default=None, description=NATIONALITY, examples=["NL"])
    email: Email | None = Field(default=None, description=EMAIL, examples=["ana@example.com"])
    phone_number: PhoneNumber | None = Field(default=None, description=PHONE, examples=["+4915112345678"])
    loyalty_programmes: Programmes = Field(default=[], description=LOYALTY)


class ReplacePassenger(PassengerNames):
    """The whole person: nothing is left out, and what there is not is null."""

    passenger_id: UUID = Field(description="From get_passengers_profile.")
    nationality: Country | None = Field(description=NATIONALITY + " null for none.", examples=["NL"])
    email: Email | None = Field(description=EMAIL + " null for none.", examples=["ana@example.com"])
    phone_number: PhoneNumber | None = Field(description=PHONE + " null for none.", examples=["+4915112345678"])
    loyalty_programmes: Programmes = Field(description=LOYALTY + " Empty for none.")


class NamePassenger(Request):
    passenger_id: UUID = Field(description="From get_passengers_profile.")


class GetPassenger(NamePassenger):
    departure_date: date | None = Field(default=None, description=ON_THIS_DAY, examples=["2027-03-01"])


class ListPassengers(PageRequest):
    departure_date: date | None = Field(default=None, description=ON_THIS_DAY, examples=["2027-03-01"])


class PassengerView(View):
    passenger_id: UUID
    given_name: str = Field(examples=["Ana María"])
    family_name: str = Field(examples=["Müller"])
    name_as_ticketed: str = Field(description="FAMILY/GIVEN as the ticket will say.", examples=["MUELLER/ANA MARIA"])
    birth_date: date = Field(examples=["1988-04-12"])
    gender: Gender = Field(examples=["F"])
    traveler_type: PassengerType = Field(description="On the asked departure date, else today.", examples=["ADT"])
    nationality: str | None = Field(default=None, examples=["NL"])
    email: str | None = None
    phone_number: str | None = None
    loyalty_programmes: list[LoyaltyView] = []
    identity_documents: list[IdentityDocumentSummary] = Field(
        default=[],
        description="Numbers are masked; the traveler reads and changes them in their Movmo account, under Passengers.",
    )


class PassengerDeleted(View):
    passenger_id: UUID
    deleted: bool = True


class PassengerList(View):
    data: list[PassengerView]
    next_cursor: str | None = None
