"""What a refusal says to the traveler in their language: what happened, whether money moved, what is next.

The house's own refusals speak to programs (`refresh_offer`, idempotency keys); here each that the frame can show has
words for people, by its code. One without any is told in the house's English.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as noted

from checkout_widget import written
from movmo.kit.errors import DomainError, InvalidArguments

NO_MONEY = noted("Nothing was booked and no money moved.")
NOT_TWICE = noted("Nothing is booked twice.")
NOT_CHARGED = noted("Your card was not charged.")

CHOOSE_FLIGHT = noted("Go back to the shop and choose a flight again.")
CHOOSE_CARD = noted("Choose another card, or add a new one.")
ENTER_CARD = noted("Enter the card again.")
CHOOSE_PERSON = noted("Choose somebody else for this seat.")
LOOK_AGAIN = noted("Wait a moment, then try again.")
BEGIN_AGAIN = noted("Close this window and press the button in the shop again.")
DO_NOT_PAY_AGAIN = noted("Please don't pay again. This page tells you as soon as it is decided.")


@dataclass(frozen=True, slots=True)
class Words:
    """`happened` may name facts as %(name)s; `plain` says it where they are not known. Any part may be empty."""

    happened: str
    money: str = ""
    next: str = ""
    plain: str = ""


OVER = Words(noted("This offer is over."), NO_MONEY, CHOOSE_FLIGHT)
NOT_THIS_WAY = Words(noted("The airline does not sell this flight here in this way."), NO_MONEY, CHOOSE_FLIGHT)
AIRLINE_AWAY = Words(noted("The airline does not answer."), NO_MONEY, LOOK_AGAIN)
NOT_BOOKED = Words(noted("The airline did not make the booking."), NO_MONEY, CHOOSE_FLIGHT)
BUSY = Words(noted("This is still being worked on."), NOT_TWICE, LOOK_AGAIN)
TOO_OFTEN = Words(noted("That was too often in a short time."), "", LOOK_AGAIN)
NEW_PRICE = Words(
    noted("The price has changed from %(old)s to %(new)s."),
    NO_MONEY,
    noted("Look at the new price, and confirm it if you agree."),
    plain=noted("The price has changed."),
)
SHOP_MAY_NOT = Words(
    noted("The shop cannot sell this flight here."), NO_MONEY, noted("Choose another flight, or tell the shop.")
)

OF_CODE: Mapping[str, Words] = {
    # The offer
    "offer_stale": OVER,
    "offer_not_active": OVER,
    "sold_out": Words(noted("The last seats at this price have just been sold."), NO_MONEY, CHOOSE_FLIGHT),
    "seat_taken": Words(
        noted("A seat that you chose has just been sold to somebody else."),
        NO_MONEY,
        noted("You can still book the flight without that seat. Go back to the shop to choose another."),
    ),
    "price_changed": NEW_PRICE,
    "quote_changed": NEW_PRICE,
    "quote_unknown": Words(
        noted("That did not work. Nothing was booked and no money moved. Look at everything again.")
    ),
    "hold_not_available": NOT_THIS_WAY,
    "instant_not_available": NOT_THIS_WAY,
    "not_supported_by_provider": NOT_THIS_WAY,
    "amount_precision": NOT_THIS_WAY,
    "provider_not_for_key": SHOP_MAY_NOT,
    "provider_not_found": SHOP_MAY_NOT,
    # The airline
    "provider_unavailable": AIRLINE_AWAY,
    "provider_unreachable": AIRLINE_AWAY,
    "provider_answer_unusable": AIRLINE_AWAY,
    "provider_refused": Words(
        noted("The airline refused the booking."),
        NO_MONEY,
        noted("Check the passengers' names and documents, or choose another flight in the shop."),
    ),
    "failed": NOT_BOOKED,
    "lapsed": NOT_BOOKED,
    "took_too_long": AIRLINE_AWAY,
    "traveler_left": OVER,
    "cancelled": Words(
        noted("The booking was cancelled."), "", noted("What it cost and what you get back is in your letter from us.")
    ),
    # Passengers
    "passenger_missing": Words(
        noted("Not every seat has its passenger yet."), NO_MONEY, noted("Choose who travels, then confirm.")
    ),
    "passenger_already_mapped": Words(noted("This passenger has a seat already."), "", CHOOSE_PERSON),
    "passenger_type_mismatch": Words(
        noted("On %(departure_date)s this passenger travels as: %(actual)s. The seat is for: %(expected)s."),
        "",
        noted("Choose somebody else for this seat, or search again in the shop with the right ages."),
        plain=noted("This passenger is not of the age that the seat is for."),
    ),
    "infant_turns_two": Words(
        noted("This child turns two before the departure on %(departure_date)s, and then needs a seat."),
        "",
        noted("Search again in the shop with one more child instead of an infant."),
        plain=noted("This child turns two before the departure, and then needs a seat."),
    ),
    "duplicate_name": Words(
        noted("Two passengers would have the same name on their tickets: %(name)s. Airlines cancel such bookings."),
        NO_MONEY,
        noted("Choose somebody else for one of the seats."),
        plain=noted("Two passengers would have the same name on their tickets. Airlines cancel such bookings."),
    ),
    "gender_unsupported": Words(
        noted("The airline does not take this passenger's entry for gender."),
        NO_MONEY,
        noted("Change it as the airline takes it, or choose another flight in the shop."),
    ),
    "name_invalid": Words(
        noted("This name cannot be written on a ticket."),
        "",
        noted("Enter it as in the travel document: letters, spaces, hyphens and apostrophes."),
    ),
    # Documents
    "document_missing": Words(
        noted("This trip needs a travel document of every passenger."), "", noted("Add this passenger's passport.")
    ),
    "document_type_unsupported": Words(
        noted("The airline takes none of the documents that this passenger has here."),
        "",
        noted("Add this passenger's passport."),
    ),
    "document_expired": Words(
        noted("The document is valid until %(expires_on)s, and is needed until %(needed_until)s."),
        "",
        noted("Use one that is still valid then."),
        plain=noted("The document is not valid until the end of the trip."),
    ),
    "document_already_kept": Words(
        noted("This passenger already has a document with this number."), "", noted("Check the number.")
    ),
    # Cards
    "payment_declined": Words(
        noted("Your bank declined the payment."), NO_MONEY, noted("Choose another card, or ask your bank.")
    ),
    "card_expired": Words(noted("This card has expired."), NOT_CHARGED, CHOOSE_CARD),
    "payment_method_gone": Words(noted("This card is not kept any more."), NOT_CHARGED, ENTER_CARD),
    "payment_unanswered": Words(
        noted("Your bank's answer was lost, and cannot be asked for again."),
        noted("Nothing was booked. An amount may be held on your card for some days; it is not taken."),
        noted("Ask your bank before you pay again."),
    ),
    "security_code_wanted": Words(
        noted("This card's security code is needed."), NO_MONEY, noted("Enter the security code of the card.")
    ),
    "card_not_for_provider": Words(noted("This card cannot pay for this flight."), NOT_CHARGED, CHOOSE_CARD),
    "card_already_kept": Words(
        noted("You have added this card before."), NOT_CHARGED, noted("Choose it from your cards.")
    ),
    "capture_invalid": Words(noted("The card form was open for too long."), NOT_CHARGED, ENTER_CARD),
    "card_not_captured": Words(noted("The card did not arrive."), NOT_CHARGED, ENTER_CARD),
    "vault_unavailable": Words(noted("The card vault cannot be reached."), NO_MONEY, LOOK_AGAIN),
    "card_number_refused": Words(
        noted("There is a card number in a field that is not for one. We did not keep it."),
        NOT_CHARGED,
        noted("Enter it in the card form only."),
    ),
    # The checkout
    "client_secret_invalid": Words(noted("This checkout could not be opened."), NO_MONEY, BEGIN_AGAIN),
    "origin_not_registered": Words(
        noted("This checkout could not be opened."), NO_MONEY, noted("Please tell the shop.")
    ),
    "origin_foreign": Words(noted("This page may not open this checkout."), NO_MONEY, BEGIN_AGAIN),
    "too_many_claims": Words(
        noted("This checkout was opened too often."),
        NO_MONEY,
        noted("Wait a few minutes, then press the button in the shop again."),
    ),
    "frame_replaced": Words(
        noted("This checkout was opened again in another place."),
        NOT_TWICE,
        noted("Go on there, or close this window and press the button in the shop again."),
    ),
    "code_tries_exhausted": Words(noted("Too many codes were entered here."), NO_MONEY, BEGIN_AGAIN),
    "not_found": Words(noted("What you asked for is not here any more."), NOT_TWICE, BEGIN_AGAIN),
    "validation_failed": Words(
        noted("Some of what you entered is missing or not valid."), "", noted("Correct the marked fields.")
    ),
    "under_way_elsewhere": Words(noted("We are checking with the airline."), NOT_TWICE, DO_NOT_PAY_AGAIN),
    "booked_elsewhere": Words(
        noted("This flight is booked."), NOT_TWICE, noted("You find the booking in your e-mail.")
    ),
    # Us
    "rate_limited": TOO_OFTEN,
    "tool_rate_limited": TOO_OFTEN,
    "quota_exhausted": SHOP_MAY_NOT,
    "operation_not_in_plan": SHOP_MAY_NOT,
    "contended": BUSY,
    "idempotency_in_progress": BUSY,
    "internal_error": Words(
        noted("Something went wrong on our side."),
        NOT_TWICE,
        noted("If you have confirmed already, wait for the answer here. If not, try again in a moment."),
    ),
}

OF_STATE: Mapping[str, Words] = {
    "completed": Words(noted("This flight is booked."), NOT_TWICE, noted("You find the booking in your e-mail.")),
    "confirming": Words(noted("We are checking with the airline."), NOT_TWICE, DO_NOT_PAY_AGAIN),
    "requires_action": Words(
        noted("Your bank asks you to confirm the payment."), NOT_TWICE, noted("Go on to your bank's page.")
    ),
    "expired": Words(noted("The time for this checkout is over."), NO_MONEY, CHOOSE_FLIGHT),
    "canceled": Words(noted("The shop has closed this checkout."), NO_MONEY, CHOOSE_FLIGHT),
    "failed": NOT_BOOKED,
}
"""Why a checkout takes no more answers (`checkout_not_open`), by its state."""
STILL_OPEN = Words(noted("This checkout has moved on."), NOT_TWICE, noted("Look at what it shows now."))

FIELDS: Mapping[str, str] = {
    "given_name": noted("Enter the given names as in the travel document."),
    "family_name": noted("Enter the family name as in the travel document."),
    "birth_date": noted("Enter the date of birth as in the travel document."),
    "gender": noted("Choose an entry, as in the travel document."),
    "nationality": noted("Choose a country."),
    "email": noted("Enter an e-mail address, such as ana@example.com."),
    "phone_number": noted("Enter the number with its country code, such as +49 151 12345678."),
    "type": noted("Choose a document."),
    "number": noted("Enter the number as printed: letters and digits, without spaces."),
    "issuing_country": noted("Choose a country."),
    "issued_on": noted("Enter the date of issue."),
    "expires_on": noted("Enter the last day on which the document is valid."),
    "full_name": noted("Enter the name as on the card."),
    "exp_month": noted("Enter the month as on the card."),
    "exp_year": noted("Enter the year as on the card."),
    "payment_method_id": noted("Choose a card."),
    "passenger_id": noted("Choose a passenger."),
}
"""What is to be entered, where what was entered is not valid."""


def of(refusal: DomainError) -> str:
    """A few sentences, in the active language."""
    return f"{happened(refusal)} {afterwards(refusal)}".strip()


def of_code(code: str) -> str:
    """Of a refusal that was written down as its code (a session's `failure_code`); empty for one that nobody knows."""
    words = OF_CODE.get(code)
    return f"{_said(words, {})} {_next(words)}".strip() if words else ""


def of_ending(code: str) -> str:
    """Of a code that could have been mended in time, where there is none left: what is next is the shop."""
    words = OF_CODE.get(code)
    return f"{_said(words, {})} {_next(OVER)}" if words else ""


def happened(refusal: DomainError) -> str:
    """Its first part alone, for a headline."""
    words = _words(refusal)
    return _said(words, refusal.facts) if words else refusal.text


def afterwards(refusal: DomainError) -> str:
    """Whether money moved and what is next: what stands under the headline."""
    words = _words(refusal)
    return _next(words) if words else refusal.hint


def of_fields(refusal: DomainError) -> dict[str, str]:
    """Beside each field that the refusal is about, by the field's name; its complaint where we have no words."""
    is_known = refusal.code in OF_CODE and not isinstance(refusal, InvalidArguments)
    told = {}
    for pointer, complaint in refusal.fields.items():
        name = pointer.rpartition("/")[2]
        fitting = gettext(FIELDS[name]) if name in FIELDS else complaint
        told[name] = happened(refusal) if is_known else fitting
    return told


def of_pointers(refusal: DomainError) -> dict[str, str]:
    """As `of_fields`, by the pointers."""
    told = of_fields(refusal)
    return {pointer: told[pointer.rpartition("/")[2]] for pointer in refusal.fields}


def of_complaint(complaint: Mapping[str, Any]) -> str:
    """About one value, by the field that its `pointer` ends with, or by its `code` and `facts`."""
    words = OF_CODE.get(complaint["code"])
    if words is not None and complaint["code"] != InvalidArguments.code:
        return _said(words, complaint["facts"])
    name = complaint["pointer"].rpartition("/")[2]
    return gettext(FIELDS[name]) if name in FIELDS else str(complaint["message"])


def _words(refusal: DomainError) -> Words | None:
    if refusal.code == "checkout_not_open":
        return OF_STATE.get(str(refusal.facts.get("status", "")), STILL_OPEN)
    return OF_CODE.get(refusal.code)


def _said(words: Words, facts: Mapping[str, Any]) -> str:
    needed = re.findall(r"%\((\w+)\)s", words.happened)
    is_told = all(name in facts for name in needed)
    if needed and (not is_told or _is_same_price(facts)):
        return gettext(words.plain)
    sentence = gettext(words.happened)
    return sentence % {name: _fact(name, facts[name]) for name in needed} if needed else sentence


def _is_same_price(facts: Mapping[str, Any]) -> bool:
    """Seen in one place and refused in another: it has not changed from itself."""
    return "old" in facts and facts["old"] == facts.get("new")


def _next(words: Words) -> str:
    return " ".join(gettext(part) for part in (words.money, words.next) if part)


def _fact(name: str, value: Any) -> str:
    if isinstance(value, Mapping) and "currency" in value:
        return written.money(value)
    if name in ("actual", "expected"):
        return written.traveler(value)
    try:
        return written.plain_day(date.fromisoformat(value))
    except (TypeError, ValueError):
        return str(value)
