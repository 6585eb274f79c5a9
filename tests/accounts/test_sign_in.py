"""Sign-in by one-time code: one page, one answer, no password."""

import importlib
import re
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from movmo.accounts import urls
from movmo.accounts.letter import mailbox
from movmo.accounts.models import User
from tests import factories
from tests.accounts.person import LOGIN, ask, code, sign_in, sign_in_again, wrong
from tests.clear_text import tells_the_card
from tests.conftest import StoppedClock

BACKEND = "django.contrib.auth.backends.ModelBackend"


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


@pytest.mark.parametrize("typed", ["4242424242424242@example.com", "4242 4242 4242 4242"])
def test_a_card_number_is_no_address_and_is_not_shown_again(client: Client, db: None, typed: str) -> None:
    page = ask(client, typed).content.decode()
    assert "This holds a card number. It was not kept." in page
    assert typed not in page
    assert not mail.outbox
    assert not Session.objects.exists()


def test_what_is_too_long_is_neither_looked_at_nor_shown_again(client: Client, db: None) -> None:
    """Whoever looks takes the longer the longer it is."""
    page = ask(client, "4242424242424242 " * 1_000).content.decode()
    assert "at most 254 characters" in page
    assert "card number" not in page and not tells_the_card(page)
    assert not mail.outbox


def test_asking_for_a_code_makes_no_traveler(client: Client, db: None) -> None:
    asked = ask(client, "bo@example.com")
    assert not User.objects.exists()
    client.post(asked["Location"], {"code": code()})
    assert not User.objects.get(email="bo@example.com").has_usable_password()


def test_every_address_gets_the_same_work(db: None, ana: User, bo: User) -> None:
    shapes: list[list[str]] = []
    User.objects.filter(pk=bo.pk).update(is_active=False)
    for email in ("ana@example.com", "bo@example.com", "new@example.com"):
        with CaptureQueriesContext(connection) as queries:
            ask(Client(), email)
        shapes.append([re.sub(r"'[^']*'|\w*\d\w*", "", query["sql"]).partition("VALUES")[0] for query in queries])
    assert shapes[0] == shapes[1] == shapes[2]


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
    answers = [client.post(asked["Location"], {"code": wrong(right)}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 302]
    assert "This code is incorrect" in answers[1].content.decode()
    assert "works no longer" in client.get(answers[2]["Location"]).content.decode()
    client.post(asked["Location"], {"code": right})
    assert client.get("/accounts/").status_code == 302


def test_a_code_works_for_ten_minutes(client: Client, db: None, clock: StoppedClock) -> None:
    asked = ask(client, "ana@example.com")
    clock.forward(minutes=10, seconds=1)
    assert client.post(asked["Location"], {"code": code()})["Location"] == LOGIN
    again = ask(client, "ana@example.com")
    clock.forward(minutes=9, seconds=59)
    assert client.post(again["Location"], {"code": code()})["Location"] == "/accounts/"


def test_a_code_is_typed_as_one_likes(client: Client, db: None) -> None:
    asked = ask(client, "ana@example.com")
    typed = code()
    assert client.post(asked["Location"], {"code": f" {typed[:3]} {typed[3:]} "})["Location"] == "/accounts/"


def test_a_code_is_good_in_the_browser_that_asked_for_it_only(db: None) -> None:
    asked = ask(Client(), "ana@example.com")
    stolen = code()
    thief = Client()
    ask(thief, "bo@example.com")
    assert thief.post(asked["Location"], {"code": stolen}).status_code == 200
    assert thief.get("/accounts/").status_code == 302


def test_the_session_table_holds_no_code(client: Client, db: None) -> None:
    ask(client, "ana@example.com")
    assert code() not in str(Session.objects.get().get_decoded())


def test_signing_in_changes_the_session_s_key(client: Client, db: None) -> None:
    asked = ask(client, "ana@example.com")
    planted = client.cookies["sessionid"].value
    client.post(asked["Location"], {"code": code()})
    assert client.cookies["sessionid"].value != planted
    fixed = Client()
    fixed.cookies["sessionid"] = planted
    assert fixed.get("/accounts/").status_code == 302


def test_a_mistyped_address_is_no_dead_end(client: Client, db: None) -> None:
    asked = ask(client, "ana@exmaple.com")
    assert "use another address" in client.get(asked["Location"]).content.decode()
    again = ask(client, "ana@example.com")
    assert client.post(again["Location"], {"code": code()})["Location"] == "/accounts/"
    assert client.get("/accounts/").context["user"].email == "ana@example.com"


def test_another_code_can_be_asked_for(client: Client, db: None) -> None:
    asked = ask(client, "ana@example.com")
    first = code()
    client.post(asked["Location"], {"action": "resend"})
    assert len(mail.outbox) == 2
    second = code()
    if first != second:
        assert client.post(asked["Location"], {"code": first}).status_code == 200
    assert client.post(asked["Location"], {"code": second})["Location"] == "/accounts/"


def test_a_code_is_sent_three_times_at_most(client: Client, db: None) -> None:
    asked = ask(client, "ana@example.com")
    for _ in range(3):
        last = client.post(asked["Location"], {"action": "resend"}, follow=True)
    assert len(mail.outbox) == 3
    assert "three letters" in last.content.decode()


@pytest.mark.parametrize("is_known", [True, False])
def test_one_address_cannot_be_flooded_whether_known_or_not(db: None, settings: Settings, is_known: bool) -> None:
    settings.MOVMO_CODES_PER_HOUR = 6
    if is_known:
        factories.traveler("flooded@example.com")
    answers = [ask(Client(REMOTE_ADDR=f"192.0.2.{number}"), "flooded@example.com") for number in range(4)]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
    assert 0 < int(answers[3]["Retry-After"]) <= 600
    assert "Try again in 10 minutes" in answers[3].content.decode()
    assert len(mail.outbox) == 3
    assert ask(Client(REMOTE_ADDR="192.0.2.1"), "Flooded@Example.com").status_code == 429
    assert ask(Client(REMOTE_ADDR="192.0.2.1"), "dry@example.com").status_code == 302


def test_a_flood_does_not_keep_the_owner_out(db: None, settings: Settings) -> None:
    settings.MOVMO_CODES_PER_HOUR = 4  # two at once
    ana = sign_in("kept@example.com")
    ana.post("/accounts/logout/")
    assert [ask(Client(), "kept@example.com").status_code for _ in range(2)] == [302, 429]
    sign_in_again(ana, "kept@example.com")
    ana.post("/accounts/logout/")
    assert [ask(ana, "kept@example.com").status_code for _ in range(2)] == [302, 429]


def test_asking_again_counts_as_asking(client: Client, db: None, settings: Settings) -> None:
    settings.MOVMO_CODES_PER_HOUR = 4
    asked = ask(client, "often@example.com")
    assert client.post(asked["Location"], {"action": "resend"}).status_code == 302
    assert client.post(asked["Location"], {"action": "resend"}).status_code == 429
    assert len(mail.outbox) == 2


def test_one_network_does_not_write_to_everybody(db: None, settings: Settings) -> None:
    settings.MOVMO_CODES_PER_HOUR = 2
    sent = [ask(Client(REMOTE_ADDR="2001:db8:1::1"), f"person{number}@example.com") for number in range(11)]
    assert [answer.status_code for answer in sent] == [302] * 10 + [429]
    assert ask(Client(REMOTE_ADDR="2001:db8:1::2"), "another@example.com").status_code == 429
    assert ask(Client(REMOTE_ADDR="2001:db8:2::1"), "another@example.com").status_code == 302


def test_a_mail_server_that_is_away_is_said_so(
    client: Client, db: None, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "tests.accounts.mail_away.Backend"
    answer = ask(client, "ana@example.com")
    assert (answer.status_code, User.objects.count()) == (503, 0)
    assert "We could not send the letter" in answer.content.decode()
    assert "ana@example.com" not in caplog.text
    assert client.get("/accounts/login/code/")["Location"] == LOGIN


def test_the_code_sent_before_works_when_another_cannot_be_sent(client: Client, db: None, settings: Settings) -> None:
    asked = ask(client, "ana@example.com")
    before, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "tests.accounts.mail_away.Backend"
    answer = client.post(asked["Location"], {"action": "resend"}, follow=True)
    assert "We could not send the letter" in answer.content.decode()
    settings.EMAIL_BACKEND = before
    assert client.post(asked["Location"], {"code": code()})["Location"] == "/accounts/"


@pytest.mark.parametrize(
    "email",
    [
        "ana@example.com\nBcc: bo@example.com",
        "ana@example.com\r\nBcc: bo@example.com",
        "ana@example.com,bo@example.com",
        "Ana <ana@example.com>",
        "a" * 250 + "@example.com",
        "",
        "ana@ex\u200dample.com",  # each of these is mailed to ana@example.com, or to nobody
        "ana@\uff45xample.com",
        "\u017fcout@example.com",
        "\u212aestrel@example.com",
        "ana@gro\u00dfbank.example",  # and this one to ana@grossbank.example
        "ana@[127.0.0.1]",
    ],
)
def test_what_is_no_address_gets_no_letter(client: Client, db: None, email: str) -> None:
    answer = ask(client, email)
    assert (answer.status_code, mail.outbox) == (200, [])
    assert 'aria-describedby="id_email_error"' in answer.content.decode()


AWAY = ["https://elsewhere.example/", "//elsewhere.example", "http://localhost/x", "http:///x", "/\\elsewhere.example"]


@pytest.mark.parametrize("away", [*AWAY, "javascript:alert(1)", "\t//elsewhere.example"])
def test_next_never_leaves_this_server(client: Client, db: None, away: str) -> None:
    page = f"{LOGIN}?next={away}"
    asked = client.post(page, {"email": "ana@example.com", "next": away})
    done = client.post(asked["Location"], {"code": code(), "next": away})
    assert done["Location"] == "/accounts/"
    assert client.get(LOGIN, {"next": away})["Location"] == "/accounts/"
    assert client.get("/accounts/login/code/", {"next": away})["Location"] == "/accounts/"
    assert client.post("/accounts/logout/", {"next": away})["Location"] == LOGIN


def test_next_leads_to_a_page_of_ours(client: Client, db: None) -> None:
    asked = ask(client, "ana@example.com", f"{LOGIN}?next=/docs")
    assert client.post(asked["Location"], {"code": code(), "next": "/docs"})["Location"] == "/docs"


@pytest.mark.parametrize("page", ["login/", "login/code/", "login/passkey/", "confirm/", "sessions/", "logout/"])
def test_every_form_is_guarded_against_other_sites(db: None, page: str, ana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana, backend=BACKEND)
    assert client.post(f"/accounts/{page}").status_code == 403


@pytest.mark.parametrize("page", [LOGIN, "/mailbox"])
def test_pages_are_private_and_unframed(client: Client, db: None, page: str) -> None:
    response = client.get(page)
    assert "no-store" in response["Cache-Control"]
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "<script>" not in response.content.decode()


def test_signing_out(client: Client, db: None) -> None:
    client.force_login(factories.traveler("ana@example.com"), backend=BACKEND)
    assert client.get("/accounts/logout/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/accounts/").status_code == 302


def test_the_mailbox_page_shows_the_code(client: Client, db: None, settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "movmo.accounts.letter.mailbox.MailboxBackend"
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


def test_the_home_page_leads_everywhere(client: Client, ana: User, ops: User) -> None:
    client.force_login(ana, backend=BACKEND)
    hers = client.get("/accounts/").content.decode()
    client.force_login(ops, backend=BACKEND)
    staff_s = client.get("/accounts/").content.decode()
    for page in ("/accounts/apps/", "/accounts/sessions/", "/accounts/passkeys/"):
        assert f'href="{page}"' in hers
    assert ("Back office" in hers, "Back office" in staff_s) == (False, True)


def test_an_address_typed_with_capitals_in_the_back_office_is_found_by_its_owner(db: None, client: Client) -> None:
    clerk = User(email="Clerk@Movmo.Example")
    clerk.set_unusable_password()
    clerk.full_clean()
    clerk.save()
    asked = ask(client, "Clerk@Movmo.example")
    client.post(asked["Location"], {"code": code()})
    assert client.get("/accounts/").context["user"] == clerk
