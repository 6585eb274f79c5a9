"""Fields of people that several rooms take: e-mail address, telephone, country, airline.

Sources: RFC 5321 for addresses, ITU-T E.164 for telephones, ISO 3166-1 for countries, IATA for airlines.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any

import iso3166
from pydantic import AfterValidator, EmailStr, Field, WrapValidator

from movmo.operations.context import Request, View
from movmo.operations.redaction import Redacted

MOST_PROGRAMMES = 10


def _as_sent(address: Any, check: Callable[[Any], str]) -> str:
    """An address in other letters can look exactly like somebody else's: а is not a. So it is kept as it goes over the
    wire; the check would tell an international domain in its own letters, and drop a name before the address."""
    if isinstance(address, str) and not address.isascii():
        raise ValueError("Write the address in ASCII, and an international domain as xn--….")
    check(address)
    if re.search(r"[\s<>]", address):
        raise ValueError("Give the address alone, without a name or spaces.")
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _country(code: str) -> str:
    if code not in iso3166.countries_by_alpha2:
        raise ValueError("This is no country of ISO 3166-1: give its two capital letters, such as NL.")
    return code


def _name(text: str) -> str:
    if not all(unicodedata.category(letter)[0] in "LM" or letter in " -.'’·," for letter in text):
        raise ValueError("A name has letters, spaces, hyphens and apostrophes.")
    return text


PersonName = Annotated[str, Field(max_length=100), AfterValidator(_name), Redacted]
Email = Annotated[EmailStr, Field(max_length=254), WrapValidator(_as_sent), Redacted]
PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$"), Redacted]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), AfterValidator(_country)]
Airline = Annotated[str, Field(pattern=r"^[A-Z0-9]{2}$")]


class LoyaltyProgramme(Request):
    airline: Airline = Field(description="IATA code of the airline whose programme it is.", examples=["KL"])
    number: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{4,20}$"), Redacted] = Field(
        description="The account's number, without spaces.", examples=["2048815162"]
    )


def _one_for_each_airline(programmes: list[LoyaltyProgramme]) -> list[LoyaltyProgramme]:
    if len({programme.airline for programme in programmes}) < len(programmes):
        raise ValueError("Two accounts are of one airline.")
    return programmes


Programmes = Annotated[list[LoyaltyProgramme], Field(max_length=MOST_PROGRAMMES), AfterValidator(_one_for_each_airline)]


class LoyaltyView(View):
    airline: str = Field(examples=["KL"])
    number: str = Field(examples=["2048815162"])
