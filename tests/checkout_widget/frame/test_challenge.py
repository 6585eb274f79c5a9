"""The cardholder's bank asks, on a page of its own in the frame."""

import re
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from django.test import Client

from bookings.booking.models import Booking
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock
from movmo.kit.clock import stopped_at
from tests import factories
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.frames import policy_of
from tests.checkout_widget.frame.person import Person
from tests.conftest import StoppedClock
from tests.factories import SHOP

RESTS = 3
ASKS, ASKS_THEN_DECLINES = "4000002500003155", "4000008400001629"


@pytest.fixture
def she(ready: Checkout, client: Client, vault_is_up: None) -> Person:
    """Has said yes with a card for which her bank asks."""
    person = Person(ready, client)
    person.step()
    person.adds_a_card(ASKS)
    person.confirms()
    return person


def bank_of(person: Person) -> str:
    found = re.search(r'href="([^"]*/challenge/[^"]*)"', person.page)
    assert found is not None, person.page
    return found[1]


def answers(person: Person, answer: str) -> None:
    """At the bank's page; then the frame looks how it stands, as it does every two seconds. The bank is asked again
    after a rest."""
    httpx2.post(bank_of(person), data={"answer": answer}, trust_env=False).raise_for_status()
    with stopped_at(clock.now() + timedelta(seconds=RESTS)):
        person.gets("status")
    person.step()


def opens(person: Person, proof: str) -> Any:
    """What the form of the fragment posts into its frame: no token goes with it."""
    return person.client.post(f"{person.checkout.url}/challenge", {"proof": proof})


def test_the_frame_waits_for_the_bank(she: Person) -> None:
    assert she.checkout.state == State.REQUIRES_ACTION
    assert "Your bank asks you to confirm" in she.says()
    assert "data-locked" in she.page and 'data-poll="2"' in she.page
    assert 'target="movmo-challenge"' in she.page and 'name="movmo-challenge"' in she.page
    assert 'target="_blank" rel="noopener noreferrer"' in she.page


def test_approved_it_is_booked(she: Person) -> None:
    answers(she, "approve")
    assert "You are booked" in she.says()
    assert Booking.objects.count() == 1


def test_declined_another_card_pays(she: Person) -> None:
    answers(she, "decline")
    assert she.checkout.state == State.READY
    assert "no money moved" in she.says()
    assert "2 more times" in she.says()
    she.adds_a_card()
    assert "You are booked" in she.confirms()


def test_a_bank_that_declines_after_asking(ready: Checkout, client: Client, vault_is_up: None) -> None:
    ana = Person(ready, client)
    ana.step()
    ana.adds_a_card(ASKS_THEN_DECLINES)
    ana.confirms()
    answers(ana, "approve")
    assert ready.state == State.READY
    assert "no money moved" in ana.says()


class TestItsPage:
    def test_frames_the_bank_and_is_framed_by_the_frame_in_the_shop(self, she: Person) -> None:
        page = opens(she, she.value("proof"))
        assert page.status_code == 200
        assert f'src="{bank_of(she)}"' in page.content.decode()
        policy = page.headers["Content-Security-Policy"]
        bank = urlsplit(bank_of(she))
        assert f"frame-ancestors 'self' {SHOP}" in policy
        assert f"frame-src https: http://{bank.netloc}" in policy
        assert f"form-action https: http://{bank.netloc}" in policy
        assert "script-src 'none'" in policy
        assert "X-Frame-Options" not in page.headers
        assert "no-store" in page.headers["Cache-Control"]
        assert "Andersson" not in page.content.decode()

    @pytest.mark.parametrize(
        "address", ["https://bank.example/ask?id=1", "https://[::1]:8443/ask", "https://BANK.example"]
    )
    def test_a_bank_over_https_is_let_in(self, she: Person, address: str) -> None:
        Booking.objects.update(challenge_url=address)
        she.step()
        page = opens(she, she.value("proof"))
        assert f'src="{escape(address)}"' in page.content.decode()
        assert policy_of(page)["frame-src"] == policy_of(page)["form-action"] == ["https:"]

    @pytest.mark.parametrize(
        "address",
        [
            "http://bank.example/ask",
            "http://127.0.0.1:9/challenge/1",
            "https://bank.example; script-src *",
            "https://bank.example;script-src\t*/x",
            "https://bank.example, *",
            "https://bank example/",
            "https://ana:secret@bank.example/",
            "https://*/",
            "https://'unsafe-inline'/",
            "http://127.0.0.1:9;frame-ancestors *",
            "https:bank.example",
            "https://",
            "javascript:alert(1)",
            "data:text/html,hello",
            "//bank.example/",
            "https://[::1",
        ],
    )
    def test_an_address_that_is_none_is_neither_framed_nor_linked(self, she: Person, address: str) -> None:
        proof = she.value("proof")
        Booking.objects.update(challenge_url=address)
        page = opens(she, proof)
        assert page.status_code == 403
        assert policy_of(page)["frame-src"] == policy_of(page)["form-action"] == ["https:"]
        assert policy_of(page)["script-src"] == ["'none'"]
        assert "<iframe" not in page.content.decode()
        she.step()
        assert "Checking with the airline" in she.says()
        assert escape(address) not in she.page

    def test_a_bank_without_tls_is_the_sandbox_s_and_nobody_else_s(self, she: Person, settings: Any) -> None:
        settings.MOVMO_VAULTS = [{"name": "spreedly", "url": "https://core.spreedly.com"}]
        assert opens(she, she.value("proof")).status_code == 403

    def test_the_banks_page_names_every_origin_around_it(self, she: Person) -> None:
        answer = httpx2.get(bank_of(she), trust_env=False)
        ancestors = answer.headers["Content-Security-Policy"].partition("frame-ancestors ")[2].split()
        assert ancestors == ["http://127.0.0.1:8000", factories.DEMO_SHOP]

    def test_the_banks_page_finds_its_script(self, she: Person) -> None:
        page = httpx2.get(bank_of(she), trust_env=False)
        found = re.search(r'script src="([^"]*)"', page.text)
        assert found is not None
        assert httpx2.get(urljoin(bank_of(she), found[1]), trust_env=False).status_code == 200

    def test_a_proof_works_once(self, she: Person) -> None:
        proof = she.value("proof")
        assert opens(she, proof).status_code == 200
        again = opens(she, proof)
        assert again.status_code == 403
        assert bank_of(she) not in again.content.decode()

    def test_a_proof_works_for_a_minute(self, she: Person, clock: StoppedClock) -> None:
        proof = she.value("proof")
        clock.forward(minutes=2)
        assert opens(she, proof).status_code == 403

    def test_a_proof_of_another_checkout_or_of_nobody_opens_nothing(self, she: Person, checkouts: Checkouts) -> None:
        other = Person(checkouts.ready(), she.client)
        for proof in (she.value("proof"), she.value("proof")[:-1], "", "x:y:z"):
            assert opens(other, proof).status_code == 403

    def test_a_proof_ends_with_its_frame(self, she: Person) -> None:
        proof = she.value("proof")
        she.checkout.claim()
        assert opens(she, proof).status_code == 403

    def test_it_is_not_opened_by_an_address(self, she: Person) -> None:
        proof = she.value("proof")
        assert she.client.get(f"{she.checkout.url}/challenge", {"proof": proof}).status_code == 405
        assert opens(she, proof).status_code == 200

    def test_after_the_answer_there_is_nothing_to_open(self, she: Person) -> None:
        proof = she.value("proof")
        answers(she, "approve")
        assert opens(she, proof).status_code == 403


def test_a_frame_that_was_loaded_anew_asks_on_without_names(she: Person) -> None:
    she.checkout.claim()
    again = Person(she.checkout, she.client)
    again.step()
    assert "Your bank asks you to confirm" in again.says()
    assert "Andersson" not in again.page
    answers(again, "approve")
    assert "You are booked" in again.says()
    assert "Andersson" not in again.page
