"""What doors take and give for preferences. What is put replaces all that was there."""

from enum import StrEnum
from typing import Annotated

import iso4217
from pydantic import AfterValidator, Field

from movmo.accounts.contact import Country, LoyaltyView, Programmes
from movmo.operations.context import NoArguments, Request, View
from movmo.operations.redaction import Redacted

LANGUAGES = ("en", "de", "fr", "es", "nl")


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"Movmo speaks {', '.join(LANGUAGES)} (ISO 639-1).")
    return code


def _currency(code: str) -> str:
    if code not in iso4217.Currency.__members__ and code.lower() not in iso4217.Currency.__members__:
        raise ValueError("This is no currency of ISO 4217.")
    return code


Language = Annotated[str, Field(pattern=r"^[a-z]{2}$"), AfterValidator(_language)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
KnownTravelerNumber = Annotated[str, Field(pattern=r"^(?:[A-Z0-9]{8,10}|•{5,7}[A-Z0-9]{3})$"), Redacted]


class Seat(StrEnum):
    WINDOW = "window"
    AISLE = "aisle"


class Meal(StrEnum):
    """IATA's codes of special meals, those that most airlines know."""

    ASIAN_VEGETARIAN = "AVML"
    CHILD = "CHML"
    DIABETIC = "DBML"
    GLUTEN_FREE = "GFML"
    HINDU = "HNML"
    KOSHER = "KSML"
    LOW_LACTOSE = "NLML"
    MUSLIM = "MOML"
    VEGAN = "VGML"
    VEGETARIAN = "VLML"


class Cabin(StrEnum):
    ECONOMY = "economy"
    PREMIUM_ECONOMY = "premium_economy"
    BUSINESS = "business"
    FIRST = "first"


class GetPreferences(NoArguments):
    pass


class PutLocale(Request):
    language: Language = Field(description="ISO 639-1: en, de, fr, es or nl.", examples=["en"])
    country: Country = Field(description="Country of residence, ISO 3166-1.", examples=["US"])
    currency: CurrencyCode = Field(description="Currency to show prices in, ISO 4217.", examples=["USD"])


class LocaleView(View):
    language: str = Field(examples=["en"])
    country: str = Field(examples=["US"])
    currency: str = Field(examples=["USD"])


class PutTravel(Request):
    seat: Seat | None = Field(description="Preferred seat, or null for none.", examples=["aisle"])
    meal: Meal | None = Field(description="IATA code of a special meal, or null for none.", examples=["VGML"])
    cabin_class: Cabin | None = Field(description="Preferred cabin, or null for none.", examples=["economy"])
    loyalty_programmes: Programmes = Field(description="Frequent-flyer accounts; empty for none.")
    known_traveler_number: KnownTravelerNumber | None = Field(
        description="Of the US Trusted Traveler programmes, or null. Masked, as it was read: it stays as it is.",
        examples=["TT1234567"],
    )


class TravelView(View):
    seat: Seat | None = Field(default=None, examples=["aisle"])
    meal: Meal | None = Field(default=None, examples=["VGML"])
    cabin_class: Cabin | None = Field(default=None, examples=["economy"])
    loyalty_programmes: list[LoyaltyView] = []
    known_traveler_number: str | None = Field(
        default=None, description="Masked but for its end; the traveler reads it in their Movmo account."
    )


class PreferencesView(LocaleView):
    """What helps to choose among offers and to tell them; without the numbers that go to airlines."""

    seat: Seat | None = Field(default=None, examples=["aisle"])
    meal: Meal | None = Field(default=None, examples=["VGML"])
    cabin_class: Cabin | None = Field(default=None, examples=["economy"])
