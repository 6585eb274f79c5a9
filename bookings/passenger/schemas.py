"""What doors take and give for passengers."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import EmailStr, Field

from bookings.providers.types import PassengerType
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


class CreatePassenger(Request):
    given_name: PersonName = Field(
        description="Given names exactly as in the travel document, in any script.", examples=["Ana María"]
    )
    family_name: PersonName = Field(
        description="Family name exactly as in the travel document, in any script.", examples=["Müller"]
    )
    birth_date: BirthDate = Field(description="Date of birth, YYYY-MM-DD.", examples=["1988-04-12"])
    gender: Gender = Field(description="As in the travel document: F, M or X; U when undisclosed.", examples=["F"])
    email: Annotated[EmailStr, Redacted] | None = Field(
        default=None, description="Where the airline may write to this person.", examples=["ana@example.com"]
    )
    phone_number: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$"), Redacted] | None = Field(
        default=None, description="Telephone in E.164 form, starting with +.", examples=["+4915112345678"]
    )


class ListPassengers(PageRequest):
    departure_date: date | None = Field(
        default=None,
        description="Compute `traveler_type` on this day (YYYY-MM-DD); today when left out.",
        examples=["2027-03-01"],
    )


class PassengerView(View):
    passenger_id: UUID
    given_name: str = Field(examples=["Ana María"])
    family_name: str = Field(examples=["Müller"])
    name_as_ticketed: str = Field(description="FAMILY/GIVEN as the ticket will say.", examples=["MUELLER/ANA MARIA"])
    birth_date: date = Field(examples=["1988-04-12"])
    gender: Gender = Field(examples=["F"])
    traveler_type: PassengerType = Field(description="On the asked departure date, else today.", examples=["ADT"])
    email: str | None = None
    phone_number: str | None = None


class PassengerList(View):
    data: list[PassengerView]
    next_cursor: str | None = None
