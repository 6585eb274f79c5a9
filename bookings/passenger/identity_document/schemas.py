"""What doors take and give for identity documents."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from movmo.accounts.contact import Country
from movmo.operations.context import Request, View
from movmo.operations.redaction import Redacted


class DocumentType(StrEnum):
    PASSPORT = "passport"
    NATIONAL_ID = "national_id"
    VISA = "visa"
    KNOWN_TRAVELER = "known_traveler"
    REDRESS = "redress"


TYPE = "`known_traveler` and `redress` are numbers of the US authorities."
NUMBER = "As printed: capital letters and digits, without spaces."
COUNTRY = "Who issued it, by ISO 3166-1 code."
DocumentNumber = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{3,29}$"), Redacted]
Day = Annotated[date, Field(ge=date(1900, 1, 1)), Redacted]


class OfPassenger(Request):
    passenger_id: UUID = Field(description="From get_passengers_profile.")


class CreateIdentityDocument(OfPassenger):
    type: DocumentType = Field(description=TYPE, examples=["passport"])
    number: DocumentNumber = Field(description=NUMBER, examples=["NX4P87L21"])
    issuing_country: Country = Field(description=COUNTRY, examples=["NL"])
    issued_on: Day | None = Field(default=None, description="Date of issue, YYYY-MM-DD.", examples=["2021-05-04"])
    expires_on: Day | None = Field(
        default=None, description="Last day it is valid. Required but for numbers.", examples=["2031-05-04"]
    )


class NameIdentityDocument(OfPassenger):
    document_id: UUID = Field(description="From the list of the passenger's identity documents.")


class ReplaceIdentityDocument(NameIdentityDocument):
    """The whole document: nothing is left out, and what there is not is null."""

    type: DocumentType = Field(description=TYPE, examples=["passport"])
    number: DocumentNumber = Field(description=NUMBER, examples=["NX4P87L21"])
    issuing_country: Country = Field(description=COUNTRY, examples=["NL"])
    issued_on: Day | None = Field(description="Date of issue, or null.", examples=["2021-05-04"])
    expires_on: Day | None = Field(description="Last day it is valid, or null for a number.", examples=["2031-05-04"])


class IdentityDocumentSummary(View):
    """A document without what could be used of it."""

    document_id: UUID
    type: DocumentType = Field(examples=["passport"])
    number: str = Field(description="Masked but for its end.", examples=["••••••L21"])
    issuing_country: str = Field(examples=["NL"])
    expires_on: date | None = Field(default=None, examples=["2031-05-04"])


class IdentityDocumentView(IdentityDocumentSummary):
    passenger_id: UUID
    number: str = Field(examples=["NX4P87L21"])
    issued_on: date | None = Field(default=None, examples=["2021-05-04"])


class IdentityDocumentList(View):
    data: list[IdentityDocumentSummary]


class IdentityDocumentDeleted(View):
    document_id: UUID
    deleted: bool = True
