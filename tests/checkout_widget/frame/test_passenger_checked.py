"""What is said of a passenger while they are typed in, and of their document; and what saving says of the same."""

import logging
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from bookings.passenger.models import Passenger
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.states import CheckoutState as State
from movmo.operations.models import AuditEvent
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.person import NEW, Person
from tests.clear_text import tells_the_card
from tests.contract.world import PASSPORT, born, departure_date, raw_offer

pytestmark = pytest.mark.usefixtures("vault_is_up")

TOO_LONG, RIGHT_TO_LEFT, CARD = "Ana" * 100, "Ana\u202enamrettA", "4242 4242 4242 4242"
NO_TICKET = {"en": "This name cannot be written on a ticket.", "de": "Dieser Name"}
BAD: list[tuple[str, str, dict[str, str]]] = [
    ("given_name", "Ana 2", NO_TICKET),
    ("given_name", "Ana \N{SMILING FACE WITH SUNGLASSES}", NO_TICKET),
    ("family_name", RIGHT_TO_LEFT, NO_TICKET),
    ("family_name", CARD, {"en": "There is a card number", "de": "Kartennummer"}),
    ("given_name", TOO_LONG, {"en": "Enter the given names", "de": "Vornamen"}),
    ("birth_date", "2190-01-01", {"en": "Enter the date of birth", "de": "Geburtsdatum"}),
    ("document_expires_on", "2001-01-01", {"en": "The document is valid until 1 Jan 2001", "de": "1. Jan. 2001"}),
    ("document_number", "NX 4!", {"en": "Enter the number as printed", "de": "Nummer"}),
    ("document_issuing_country", "XX", {"en": "Choose a country", "de": "Land"}),
]


def abroad(checkouts: Checkouts, locale: str = "en") -> Checkout:
    """A trip that asks for a document."""
    return checkouts.arrived(offer=raw_offer(origin="SIN", destination="SYD"), locale=locale)


def form_of(checkout: Checkout) -> dict[str, str]:
    """As the form is sent, filled well."""
    passport = {f"document_{name}": value for name, value in PASSPORT.items() if name != "issued_on"}
    slot_id = str(checkout.offer().passengers[0].slot_id)
    return {"slot_id": slot_id, **NEW, "birth_date": born("ADT").isoformat(), **passport}


def check(checkout: Checkout, client: Client, **typed: str) -> Any:
    return client.post(f"{checkout.url}/passengers/check", typed, headers=checkout.headers)


def told(checkout: Checkout, client: Client, **typed: str) -> dict[str, dict[str, str]]:
    answer = check(checkout, client, **{**form_of(checkout), **typed})
    assert answer.status_code == 200, answer.content
    found: dict[str, dict[str, str]] = answer.json()
    return found


class TestWhileTyping:
    def test_the_name_as_the_ticket_will_have_it(self, arrived: Checkout, client: Client) -> None:
        found = told(arrived, client, given_name="Zoë", family_name="O'Neill-Müller")
        assert found["given_name"] == {"text": "On the ticket: ZOE", "tone": ""}
        assert found["family_name"] == {"text": "On the ticket: ONEILL MUELLER", "tone": ""}
        assert found["birth_date"] == {"text": "On this trip: Adult", "tone": ""}

    def test_of_a_form_that_is_hardly_begun_only_what_is_there_is_told(self, arrived: Checkout, client: Client) -> None:
        slot_id = str(arrived.offer().passengers[0].slot_id)
        answer = check(arrived, client, slot_id=slot_id, given_name="Zoë")
        assert answer.json() == {"given_name": {"text": "On the ticket: ZOE", "tone": ""}}

    def test_somebody_of_another_age(self, arrived: Checkout, client: Client) -> None:
        found = told(arrived, client, birth_date=born("CHD").isoformat())
        assert found["birth_date"]["tone"] == "bad"
        assert found["birth_date"]["text"].endswith("travels as: Child. The seat is for: Adult.")

    def test_a_document_that_ends_soon_is_worth_a_word(self, checkouts: Checkouts, client: Client) -> None:
        soon = (departure_date() + timedelta(days=60)).isoformat()
        found = told(abroad(checkouts), client, document_expires_on=soon)
        assert found["document_expires_on"]["tone"] == "warn"
        assert "some countries refuse it" in found["document_expires_on"]["text"]

    def test_somebody_saved_is_asked_for_the_document_alone(self, checkouts: Checkouts, client: Client) -> None:
        checkout = abroad(checkouts)
        assert set(told(checkout, client, only_document="1", document_number="?")) == {"document_number"}

    def test_nothing_typed_is_kept_or_logged(
        self, checkouts: Checkouts, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        checkout = abroad(checkouts)
        lines = AuditEvent.objects.count()
        with caplog.at_level(logging.DEBUG):
            told(checkout, client, family_name="Thylacine", document_number="TH41AC1NE")
            told(checkout, client, family_name=CARD, document_number="TH41AC1NE")
        written = [str(line.arguments) for line in AuditEvent.objects.all()]
        assert not [text for text in [caplog.text, *written] if "Thylacine" in text or "TH41AC1NE" in text]
        assert Passenger.objects.count() == 0
        assert AuditEvent.objects.count() == lines + 1  # the card number was refused

    def test_too_often_is_refused_and_saving_works_afterwards(
        self, arrived: Checkout, client: Client, settings: Any
    ) -> None:
        form = form_of(arrived)
        settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 4
        answers = [check(arrived, client, **form) for _ in range(4)]
        assert 429 in [one.status_code for one in answers]
        assert "Retry-After" in answers[-1].headers
        settings.MOVMO_USER_RATE = settings.MOVMO_USER_BURST = 1_000_000
        ana = Person(arrived, client)
        ana.step()
        ana.adds_a_passenger()
        assert ana.status == 200

    def test_nobody_without_the_token_of_the_frame(self, arrived: Checkout, client: Client) -> None:
        assert client.post(f"{arrived.url}/passengers/check", form_of(arrived)).status_code == 401

    def test_nothing_is_told_once_somebody_has_said_yes(self, ready: Checkout, client: Client) -> None:
        form = form_of(ready)
        CheckoutSession.objects.update(state=State.CONFIRMING)
        answer = check(ready, client, **form)
        assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize(("field", "typed", "said"), BAD, ids=[f"{field}-{at}" for at, (field, *_) in enumerate(BAD)])
class TestWhatIsWrong:
    def test_is_told_while_it_is_typed(
        self, checkouts: Checkouts, client: Client, field: str, typed: str, said: dict[str, str], locale: str
    ) -> None:
        found = told(abroad(checkouts, locale), client, **{field: typed})
        assert found[field]["tone"] == "bad"
        assert said[locale] in found[field]["text"]
        assert [name for name, one in found.items() if one["tone"] == "bad"] == [field]

    def test_and_when_it_is_saved_in_the_same_words(
        self, checkouts: Checkouts, client: Client, field: str, typed: str, said: dict[str, str], locale: str
    ) -> None:
        checkout = abroad(checkouts, locale)
        ana = Person(checkout, client)
        ana.step()
        ana.gets("passengers", slot_id=ana.value("slot_id"))
        ana.posts("passengers", **{**form_of(checkout), "key": ana.value("key"), field: typed})
        assert ana.status >= 400
        found = re.findall(r'id="(\w+)-error"[^>]*>([^<]*)', ana.page)
        assert [name for name, _ in found] == [field]
        assert unescape(found[0][1]) == told(checkout, client, **{field: typed})[field]["text"]
        assert f'aria-describedby="{field}-error' in ana.page
        assert not tells_the_card(ana.page)
