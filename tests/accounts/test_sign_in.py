"""Sign-in by one-time code: one page, one answer, no password."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from movmo.accounts import mailbox, urls
from movmo.accounts.models import User
from tests import factories

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def ask(client: Client, email: str, page: str = LOGIN) -> Any:
    return client.post(page, {"email": email})


def code() -> str:
    found = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert found is not None
    return found.group()


def test_a_code_signs_a_traveler_in(client: Client, db: None) -> None:
    ana = factories.traveler("ana@example.com")
    asked = ask(client, "Ana@Example.com")
    assert client.post(asked["Location"], {"code": code()})["Location"] == "/accounts/"
    assert client.get("/accounts/").context["user"] == ana


def test_new_and_known_addresses_get_the_same_answer(db: None) -> None:
    factories.traveler("ana@example.com")
    known, new = Client(), Client()
    answers = [ask(known, "ana@example.com"), ask(new, "bo@example.com")]
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer["Location"] for answer in answers}) == 1
    pages = [known.get(answers[0]["Location"]), new.get(answers[1]["Location"])]
    texts = [re.sub(r"ana|bo|value=\"[^\"]+\"", "", page.content.decode()) for page in pages]
    assert texts[0] == texts[1]
    assert [letter.subject.partition(" is ")[2] for letter in mail.outbox] == ["your Movmo code"] * 2


def test_a_new_traveler_has_no_password(client: Client, db: None) -> None:
    ask(client, "bo@example.com")
    assert not User.objects.get(email="bo@example.com").has_usable_password()


def test_a_deactivated_traveler_gets_a_letter_without_a_code(client: Client, db: None) -> None:
    User.objects.filter(pk=factories.traveler("ana@example.com").pk).update(is_active=False)
    asked = ask(client, "ana@example.com")
    assert asked["Location"] == "/accounts/login/code/"
    assert "closed" in mail.outbox[-1].body
    assert not re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert client.post(asked["Location"], {"code": ""}).status_code == 200


def test_three_wrong_codes_end_the_attempt(client: Client, db: None) -> None:
    asked = ask(client, "ana@example.com")
    right = code()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(3):
        client.post(asked["Location"], {"code": wrong})
    client.post(asked["Location"], {"code": right})
    assert client.get("/accounts/").status_code == 302


def test_a_mistyped_address_is_no_dead_end(client: Client, db: None) -> None:
    asked = ask(client, "ana@exmaple.com")
    assert "use another address" in client.get(asked["Location"]).content.decode()
    again = ask(client, "ana@example.com")
    assert client.post(again["Location"], {"code": code()})["Location"] == "/accounts/"
    assert client.get("/accounts/").context["user"].email == "ana@example.com"


def test_another_code_can_be_asked_for(client: Client, db: None) -> None:
    asked = ask(client, "ana@example.com")
    client.post(asked["Location"], {"action": "resend"})
    assert len(mail.outbox) == 2
    assert client.post(asked["Location"], {"code": code()})["Location"] == "/accounts/"


def test_one_address_cannot_be_flooded(client: Client, db: None) -> None:
    for _ in range(5):
        ask(Client(), "ana@example.com")
    assert len(mail.outbox) == 3


@pytest.mark.parametrize(
    "away", ["https://elsewhere.example/", "//elsewhere.example", "http://localhost/x", "http:///x"]
)
def test_next_never_leaves_this_server(client: Client, db: None, away: str) -> None:
    page = f"{LOGIN}?next={away}"
    asked = client.post(page, {"email": "ana@example.com", "next": away})
    done = client.post(asked["Location"], {"code": code(), "next": away})
    assert done["Location"] == "/accounts/"


@pytest.mark.parametrize("page", [LOGIN, "/mailbox"])
def test_pages_are_private_and_unframed(client: Client, db: None, page: str) -> None:
    response = client.get(page)
    assert "no-store" in response["Cache-Control"]
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "<script" not in response.content.decode()


def test_signing_out(client: Client, db: None) -> None:
    client.force_login(factories.traveler("ana@example.com"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/accounts/logout/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/accounts/").status_code == 302


def test_the_mailbox_page_shows_the_code(client: Client, db: None, settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "movmo.accounts.mailbox.MailboxBackend"
    settings.MOVMO_MAILBOX = tmp_path
    assert "No letters yet" in client.get("/mailbox").content.decode()
    ask(client, "ana@example.com")
    ask(client, "bo@example.com")
    assert [letter.to for letter in mailbox.latest()] == ["bo@example.com", "ana@example.com"]
    page = client.get("/mailbox").content.decode()
    assert "ana@example.com" in page
    assert re.search(r"\b\d{6}\b is your Movmo code", page)


def test_production_has_no_mailbox(settings: Settings) -> None:
    settings.PRODUCTION = True
    try:
        assert "mailbox" not in {pattern.name for pattern in importlib.reload(urls).urlpatterns}
    finally:
        settings.PRODUCTION = False
        importlib.reload(urls)
