"""The traveler's own pages: what they show, what they change, and whose."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client, TestCase
from django.urls import reverse

from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.payment_method.models import CardCapture, PaymentMethod
from movmo.accounts.models import LocalePreferences, TravelPreferences, User
from movmo.operations.context import Caller
from movmo.operations.models import AuditEvent
from tests.contract.world import World, type_card

pytestmark = pytest.mark.django_db

PERSON = {"given_name": "Ana", "family_name": "Müller", "birth_date": "1988-04-12", "gender": "F"}
PASSPORT = {"type": "passport", "number": "NX4P87L21", "issuing_country": "NL", "expires_on": "2035-05-04"}
PLAIN = ("profile", "names", "locale", "travel", "contact", "passengers", "passenger_new", "cards", "card_new", "trips")


def address(name: str, **path: Any) -> str:
    return reverse(f"traveler:{name}", kwargs=path)


def text(response: Any) -> str:
    body: str = response.content.decode()
    return body


@pytest.fixture
def everything(world: World) -> list[str]:
    """One address of each page."""
    booking, document, card = world.booking(), world.document(), world.card()
    person = {"passenger_id": document.passenger_id}
    return [
        *(address(name) for name in PLAIN),
        address("passenger", **person),
        address("passenger_edit", **person),
        address("document_new", **person),
        address("document", **person, document_id=document.document_id),
        address("card", payment_method_id=card.payment_method_id),
        address("trip", booking_id=booking.booking_id),
    ]


class TestWhose:
    def test_everything_opens_for_its_owner_and_is_not_kept_by_browsers(
        self, browser: Client, everything: list[str]
    ) -> None:
        for page in everything:
            response = browser.get(page)
            assert response.status_code == 200, page
            assert "no-store" in response["Cache-Control"], page

    def test_another_traveler_finds_nothing(self, client: Client, bo: User, everything: list[str]) -> None:
        client.force_login(bo)
        for page in everything:
            expected = 200 if page in {address(name) for name in PLAIN} else 404
            assert client.get(page).status_code == expected, page

    def test_a_stranger_signs_in_first(self, client: Client, everything: list[str]) -> None:
        for page in everything:
            assert client.get(page)["Location"].startswith("/accounts/login/?next=/accounts/"), page

    def test_a_form_without_its_token_changes_nothing(self, ana: User, everything: list[str]) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(ana)
        for page in everything:
            assert strict.post(page, {"action": "delete"}).status_code in (403, 405), page
        assert Passenger.objects.filter(deleted_at=None).exists()


class TestPassengers:
    def test_a_person_is_added_and_shown(self, browser: Client) -> None:
        sent = {**PERSON, "key": "first-of-its-kind", "airline_1": "kl", "number_1": "2048815162"}
        made = browser.post(address("passenger_new"), sent)
        shown = text(browser.get(made["Location"]))
        assert "MUELLER/ANA" in shown
        assert "Frequent flyer KL" in shown

    def test_a_button_pressed_twice_saves_one(self, browser: Client) -> None:
        for _ in range(2):
            browser.post(address("passenger_new"), {**PERSON, "key": "pressed-twice"})
        assert Passenger.objects.count() == 1

    @pytest.mark.parametrize(
        ("field", "wrong"),
        [("family_name", "R2D2"), ("birth_date", "2999-01-01"), ("nationality", "XX"), ("phone_number", "0151")],
    )
    def test_what_is_wrong_is_said_beside_its_field(self, browser: Client, field: str, wrong: str) -> None:
        response = browser.post(address("passenger_new"), {**PERSON, field: wrong, "key": "a-key-of-its-own"})
        assert response.status_code in (409, 422)
        assert f'id="id_{field}_error"' in text(response)
        assert wrong in text(response), "what was typed is still there"
        assert not Passenger.objects.exists()

    def test_what_was_typed_of_programmes_is_kept_and_judged_in_its_row(self, browser: Client) -> None:
        sent = {**PERSON, "key": "a-key-of-its-own", "airline_3": "KLM", "number_3": "2048815162"}
        shown = text(browser.post(address("passenger_new"), sent))
        assert 'id="id_airline_3_error"' in shown
        assert 'value="2048815162"' in shown

    def test_complaints_are_for_people(self, browser: Client) -> None:
        sent = {**PERSON, "family_name": "", "birth_date": "", "key": "a-key-of-its-own"}
        shown = text(browser.post(address("passenger_new"), sent))
        assert shown.count("Fill this in.") == 2
        assert "should" not in shown

    def test_a_card_number_is_not_shown_again(self, browser: Client) -> None:
        response = browser.post(address("passenger_new"), {**PERSON, "given_name": "4242424242424242", "key": "k" * 9})
        assert response.status_code == 422
        shown = text(response)
        assert "holds a card number" in shown
        assert "4242424242424242" not in shown
        assert PERSON["family_name"] in shown, "the rest of what was typed stays"

    def test_a_person_is_changed_and_deleted(self, browser: Client, world: World) -> None:
        person = world.passenger()
        edit = address("passenger_edit", passenger_id=person.passenger_id)
        browser.post(edit, {**PERSON, "given_name": "Bea"})
        assert Passenger.objects.get().given_name == "Bea"
        browser.post(address("passenger", passenger_id=person.passenger_id))
        assert Passenger.objects.get().deleted_at is not None


class TestDocuments:
    def test_one_is_added_masked_in_the_list_and_shown_in_full(self, browser: Client, world: World) -> None:
        person = {"passenger_id": world.passenger().passenger_id}
        browser.post(address("document_new", **person), {**PASSPORT, "key": "a-document-key"})
        listed = text(browser.get(address("passenger", **person)))
        assert "NX4P87L21" not in listed
        assert "••••••L21" in listed
        document = IdentityDocument.objects.get()
        AuditEvent.objects.all().delete()
        shown = text(browser.get(address("document", **person, document_id=document.pk)))
        assert "NX4P87L21" in shown
        line = AuditEvent.objects.get()
        assert (line.operation, line.door) == ("get_identity_document", "pages")

    def test_an_expired_one_is_refused_beside_its_field(self, browser: Client, world: World) -> None:
        person = {"passenger_id": world.passenger().passenger_id}
        sent = {**PASSPORT, "expires_on": "2020-01-01", "key": "a-document-key"}
        assert 'id="id_expires_on_error"' in text(browser.post(address("document_new", **person), sent))

    def test_one_is_deleted(self, browser: Client, world: World) -> None:
        document = world.document()
        page = address("document", passenger_id=document.passenger_id, document_id=document.document_id)
        browser.post(page, {"action": "delete"})
        assert not IdentityDocument.objects.exists()


class TestCards:
    def test_a_card_is_kept_by_its_token(self, browser: Client) -> None:
        page = text(browser.get(address("card_new")))
        capture = CardCapture.objects.latest("created_at")
        script = re.search(r'src="(http://127[^"]+iframe-v1.min.js)"', page)
        assert script
        token = type_card(script[1], "4242424242424242")
        sent = {"capture_id": str(capture.pk), "vault_token": token, "is_default": "on", "key": "a-card-key"}
        browser.post(address("card_new"), sent)
        assert (PaymentMethod.objects.get().last4, PaymentMethod.objects.get().is_default) == ("4242", True)
        assert "Visa ending in 4242" in text(browser.get(address("cards")))

    def test_only_this_page_may_load_the_vaults_script(self, browser: Client) -> None:
        response = browser.get(address("card_new"))
        capture = re.search(r'src="(http://127[^/]+)/iframe', text(response))
        assert capture
        policy = response["Content-Security-Policy"]
        assert f"frame-src {capture[1]}" in policy
        assert capture[1] in policy.partition("script-src")[2].partition(";")[0]
        assert capture[1] not in browser.get(address("cards"))["Content-Security-Policy"]

    def test_no_field_of_the_form_could_carry_a_number(self, browser: Client) -> None:
        names = re.findall(r'<input[^>]* name="([^"]+)"', text(browser.get(address("card_new"))))
        assert set(names) == {"csrfmiddlewaretoken", "key", "capture_id", "vault_token", "is_default"}

    def test_a_card_is_changed_and_deleted(self, browser: Client, world: World) -> None:
        page = address("card", payment_method_id=world.card().payment_method_id)
        browser.post(page, {"exp_month": "7", "exp_year": "2035", "is_default": "on"})
        card = PaymentMethod.objects.get()
        assert (card.exp_month, card.exp_year, card.is_default) == (7, 2035, True)
        browser.post(page, {"action": "delete"})
        assert PaymentMethod.objects.get().deleted_at is not None

    def test_what_is_no_month_is_said_beside_it(self, browser: Client, world: World) -> None:
        page = address("card", payment_method_id=world.card().payment_method_id)
        for wrong in ("13", "may", ""):
            response = browser.post(page, {"exp_month": wrong, "exp_year": "2035"})
            assert 'id="id_exp_month_error"' in text(response), wrong


class TestProfile:
    def test_names_locale_and_wishes_are_changed(self, browser: Client, ana: User) -> None:
        browser.post(address("names"), {"given_name": "Ana", "family_name": "Silva"})
        browser.post(address("locale"), {"language": "de", "country": "de", "currency": "eur"})
        browser.post(address("travel"), {"seat": "aisle", "meal": "VGML", "airline_2": "TP", "number_2": "12345678"})
        ana.refresh_from_db()
        assert ana.last_name == "Silva"
        assert LocalePreferences.objects.get().currency == "EUR"
        assert TravelPreferences.objects.get().loyalty_programmes == [{"airline": "TP", "number": "12345678"}]
        shown = text(browser.get(address("profile")))
        assert "Frequent flyer TP" in shown

    def test_a_name_with_markup_is_refused_and_shown_as_text(self, browser: Client) -> None:
        response = browser.post(address("names"), {"given_name": "<script>alert(1)</script>", "family_name": "x"})
        assert 'id="id_given_name_error"' in text(response)
        assert "<script>alert" not in text(response)


class TestTrips:
    def test_a_trip_is_listed_and_shown(self, browser: Client, world: World) -> None:
        booking = world.booking()
        assert booking.record_locator
        assert booking.record_locator in text(browser.get(address("trips")))
        shown = text(browser.get(address("trip", booking_id=booking.booking_id)))
        assert booking.passengers[0].name_as_ticketed in shown
        assert f"{booking.total.amount} {booking.total.currency}" in shown

    def test_the_way_to_the_bank_is_shown_while_it_asks(self, browser: Client, world: World) -> None:
        card = str(world.card("4000002500003155").payment_method_id)
        view = world.book(world.mapped_offer(), payment_method_id=card).view.model_dump()
        shown = text(browser.get(address("trip", booking_id=view["booking_id"])))
        assert view["payment"]["challenge_url"] in shown


class TestPrivacy:
    def test_it_asks_who_one_is_first(self, browser: Client) -> None:
        assert browser.get(address("privacy"))["Location"].startswith("/accounts/confirm/")


def test_the_pages_are_no_way_around_a_limit(browser: Client, settings: Any, ana_by_scout: Caller) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 3
    statuses = {browser.get(address("trips")).status_code for _ in range(8)}
    assert statuses == {200, 429}


def test_codes_of_a_change_that_is_not_theirs_lead_nowhere(browser: Client) -> None:
    sent = {"identity_code": "204881", "code": "204881"}
    assert browser.post(address("contact_codes", change_id=uuid4()), sent).status_code == 404


class TestNothingIsLostBySaving:
    """A page that is opened and saved changes nothing."""

    FIVE = [{"airline": airline, "number": "12345678"} for airline in ("KL", "LH", "BA", "TP", "AF")]

    def saved_untouched(self, browser: Client, page: str) -> None:
        form = browser.get(page).context["form"]
        typed = {one.field.name: one.value for one in form.bound}
        assert browser.post(page, typed).status_code == 302

    def test_of_a_passenger(self, browser: Client, world: World) -> None:
        person = world.passenger(loyalty_programmes=self.FIVE, nationality="NL", email="ana@example.com")
        self.saved_untouched(browser, address("passenger_edit", passenger_id=person.passenger_id))
        after = world.call("get_passenger", passenger_id=str(person.passenger_id)).view
        assert after == person

    def test_of_preferences(self, browser: Client, world: World) -> None:
        wishes = {"seat": "aisle", "meal": None, "cabin_class": None, "known_traveler_number": "TT1234567"}
        world.call("upsert_travel_preferences", **wishes, loyalty_programmes=self.FIVE)
        self.saved_untouched(browser, address("travel"))
        kept = TravelPreferences.objects.get()
        assert (kept.known_traveler_number, kept.loyalty_programmes) == ("TT1234567", self.FIVE)


class TestContact:
    def begun(self, browser: Client) -> str:
        with TestCase.captureOnCommitCallbacks(execute=True):
            page = browser.post(address("contact"), {"email": "ana@example.org"})["Location"]
        return str(page)

    def code_to(self, place: str) -> str:
        letters = [str(letter.body) for letter in mail.outbox if letter.to == [place]]
        return letters[-1].partition("\n")[0]

    def test_an_address_is_changed_even_after_some_slips(self, browser: Client, ana: User) -> None:
        page = self.begun(browser)
        right = {"identity_code": self.code_to("ana@example.com"), "code": self.code_to("ana@example.org")}
        for slip in ({"code": "000000"}, {"identity_code": "000000"}, {"code": "12"}):
            assert browser.post(page, {**right, **slip}).status_code == 422
        assert browser.post(page, right)["Location"] == address("profile")
        ana.refresh_from_db()
        assert ana.email == "ana@example.org"

    def test_whoever_tries_too_often_is_told_to_wait(self, browser: Client) -> None:
        page = self.begun(browser)
        statuses = [browser.post(page, {"identity_code": "000000", "code": "000000"}).status_code for _ in range(8)]
        assert set(statuses) == {422, 429}
        assert statuses[-1] == 429

    def test_a_button_pressed_twice_begins_one_change(self, browser: Client) -> None:
        key = browser.get(address("contact")).context["key"]
        sent = {"email": "ana@example.org", "key": key}
        with TestCase.captureOnCommitCallbacks(execute=True):
            pages = {browser.post(address("contact"), sent)["Location"] for _ in range(2)}
        assert len(pages) == 1
        assert len(mail.outbox) == 2, "one letter to each place"
