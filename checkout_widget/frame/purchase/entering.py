"""A passenger as they are typed in: the fields with the rules beside them, and what is asked of the pipeline then."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import iso3166
from babel import Locale
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from checkout_widget import words
from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase.reviewing import Offer
from movmo.accounts.fields import Field
from movmo.kit.errors import DomainError

DOCUMENT = "document_"
# The providers' names of what a trip may ask for, as identity documents are called here.
TYPES = {
    "passport": "passport",
    "known_traveler_number": "known_traveler",
    "passenger_redress_number": "redress",
}
ABOUT = {
    "passenger_type_mismatch": "birth_date",
    "infant_turns_two": "birth_date",
    "gender_unsupported": "gender",
    "document_expired": DOCUMENT + "expires_on",
}
"""Refusals that name no field, and are about one all the same."""


def apart(typed: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The person and their document, as check_passenger takes them."""
    document = {name.removeprefix(DOCUMENT): value for name, value in typed.items() if name.startswith(DOCUMENT)}
    person = {name: value for name, value in typed.items() if not name.startswith(DOCUMENT)}
    return {"person": person, "document": document}


def field_at(pointer: str) -> str:
    """`/document/number` is the form's `document_number`, `/person/email` its `email`."""
    where, _, name = pointer.removeprefix("/").partition("/")
    return f"{DOCUMENT}{name}" if where == "document" else name


def needs_document(offer: Offer) -> bool:
    return bool(offer["identity_documents"]["required"])


def fields_for(offer: Offer, slot: dict[str, Any], *, only_document: bool = False) -> Sequence[Field]:
    person = () if only_document else _person(slot)
    return (*person, *(_document(offer) if needs_document(offer) else ()))


def _person(slot: dict[str, Any]) -> tuple[Field, ...]:
    ages = {
        "ADT": _("12 or older on the day of departure."),
        "CHD": _("2 to 11 years old on every day of travel."),
        "INF": _("Under 2 years old on every day of travel."),
        "INS": _("Under 2 years old on every day of travel."),
    }
    genders = (
        ("", _("Choose")),
        ("F", _("Female")),
        ("M", _("Male")),
        ("X", _("Unspecified (X)")),
        ("U", _("I would rather not say")),
    )
    return (
        Field("given_name", _("Given names"), required=True),
        Field("family_name", _("Family name"), required=True),
        Field("birth_date", _("Date of birth"), "date", required=True, hint=ages.get(str(slot["type"]), "")),
        Field("gender", _("Gender"), "select", required=True, options=genders),
        Field("email", _("E-mail address"), "email", hint=_("Where the airline may write to."), longest=254),
        Field("phone_number", _("Telephone"), "tel", hint=_("+ and the country code."), longest=20),
    )  # fmt: skip


def _document(offer: Offer) -> tuple[Field, ...]:
    names = {
        "passport": _("Passport"),
        "known_traveler": _("Known traveler number"),
        "redress": _("Redress number"),
    }
    taken = [TYPES[one] for one in offer["identity_documents"]["supported_types"] if one in TYPES] or ["passport"]
    options = [(one, names[one]) for one in taken]
    as_printed = _("Capital letters and digits, as printed.")
    countries = (("", _("Choose")), *_countries())
    always_ends = taken == ["passport"]
    return (
        Field(DOCUMENT + "type", _("Document"), "select", required=True, options=options),
        Field(DOCUMENT + "number", _("Number"), required=True, hint=as_printed, longest=30, is_upper=True),
        Field(DOCUMENT + "issuing_country", _("Issued by"), "select", required=True, options=countries),
        Field(
            DOCUMENT + "expires_on",
            _("Valid until"),
            "date",
            required=always_ends,
            hint=_("Not before the end of the trip."),
        ),
    )


def _countries() -> list[tuple[str, str]]:
    """By their names in the active language."""
    names = Locale.parse(get_language() or "en", sep="-").territories
    found = [(code, names.get(code, code)) for code in iso3166.countries_by_alpha2]
    return sorted(found, key=lambda country: unicodedata.normalize("NFKD", country[1]))


@dataclass(slots=True)
class Entry:
    """What was typed. `passenger_id` is of the person once they are saved: a second try changes them."""

    typed: dict[str, Any]
    passenger_id: str
    key: str
    is_at_document: bool = False

    def save_person(self, view: FrameView) -> None:
        person = {name: value for name, value in self.typed.items() if not name.startswith(DOCUMENT)}
        person = {**person, "loyalty_programmes": [], "nationality": None}
        if self.passenger_id:
            kept = view.tell("get_passenger", passenger_id=self.passenger_id)
            rest = {name: kept[name] for name in ("loyalty_programmes", "nationality")}
            view.ask("update_passenger_profile", {**person, **rest, "passenger_id": self.passenger_id})
            return
        answer = view.ask("create_passenger_profile", person, self.key)
        self.passenger_id = str(answer.view.model_dump()["passenger_id"])

    def save_document(self, view: FrameView) -> None:
        self.is_at_document = True
        document = {
            name.removeprefix(DOCUMENT): value for name, value in self.typed.items() if name.startswith(DOCUMENT)
        }
        try:
            sent = {**document, "passenger_id": self.passenger_id}
            view.ask("create_identity_document", sent, f"{self.key}-document")
        except DomainError as refusal:
            if refusal.code != "document_already_kept":  # by the try before this one
                raise
        self.is_at_document = False

    def complaints(self, refusal: DomainError) -> Mapping[str, str]:
        """By pointers to the fields of the form."""
        if name := ABOUT.get(refusal.code):
            return {f"/{name}": words.happened(refusal)}
        prefix = DOCUMENT if self.is_at_document else ""
        return {f"/{prefix}{name}": text for name, text in words.of_fields(refusal).items()}
