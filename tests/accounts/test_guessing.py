"""Guessing is counted before it is judged: codes of travelers, passwords of staff."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import hashers
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from pytest_django import Settings

from movmo.accounts import limits
from movmo.accounts.models import SignInAttempts, User
from movmo.accounts.sign_in import attempts
from movmo.kit import clock

CODE = "/accounts/login/code/"
THREADS = 12
PASSWORD = "a long passphrase"


def asked_for_a_code(email: str = "ana@example.com") -> tuple[Client, str]:
    """A browser with a pending sign-in, and the code in the letter."""
    client = Client()
    assert client.post("/accounts/login/", {"email": email}).status_code == 302
    found = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert found is not None
    return client, found.group()


def at_once(work: Callable[[], Any]) -> list[Any]:
    barrier = Barrier(THREADS)

    def run(_: int) -> Any:
        try:
            barrier.wait(timeout=10)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def same_browser(client: Client) -> Client:
    twin = Client()
    twin.cookies = client.cookies
    return twin


def wrong(right: str) -> str:
    return "000000" if right != "000000" else "111111"


@pytest.mark.django_db(transaction=True)
def test_guesses_sent_at_once_are_no_more_than_three() -> None:
    client, right = asked_for_a_code()
    answers = at_once(lambda: same_browser(client).post(CODE, {"code": wrong(right)}))
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert sum("incorrect" in answer.content.decode().lower() for answer in answers) <= 3
    assert SignInAttempts.objects.get().taken == 3
    client.post(CODE, {"code": right})
    assert client.get("/accounts/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_right_code_sent_at_once_signs_in_once() -> None:
    client, right = asked_for_a_code()
    twins = [same_browser(client) for _ in range(THREADS)]
    answers = at_once(lambda: twins.pop().post(CODE, {"code": right}))
    assert {answer.status_code for answer in answers} <= {302, 400}  # 400: the session it came in has gone
    assert (User.objects.count(), UserSession.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_twice_leads_where_it_should() -> None:
    client, right = asked_for_a_code()
    second = Client()
    second.cookies["sessionid"] = client.cookies["sessionid"].value
    pending = Session.objects.get()
    client.post(CODE, {"code": right})
    pending.save(force_insert=True)  # the second press had come in before the first one's session was put away
    assert second.post(CODE, {"code": right, "next": "/docs"})["Location"] == "/docs"
    assert second.get("/accounts/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_tries_taken_at_once_are_counted_exactly() -> None:
    assert sum(at_once(lambda: attempts.take("pending", limit=3))) == 3


@pytest.mark.django_db
def test_a_session_saved_late_brings_no_guess_back() -> None:
    client, right = asked_for_a_code()
    before = Session.objects.get().session_data
    for status in (200, 200, 302):
        assert client.post(CODE, {"code": wrong(right)}).status_code == status
        Session.objects.update(session_data=before)
    refused = client.post(CODE, {"code": right})
    assert refused["Location"] == "/accounts/login/"
    assert client.get("/accounts/").status_code == 302


@pytest.mark.django_db
def test_a_session_saved_late_brings_no_letter_back() -> None:
    client, _ = asked_for_a_code()
    before = Session.objects.get().session_data
    for _ in range(4):
        assert client.post(CODE, {"action": "resend"})["Location"].startswith(CODE)
        Session.objects.update(session_data=before)
    assert len(mail.outbox) == 3


@pytest.mark.django_db
def test_counts_of_ended_sign_ins_are_forgotten() -> None:
    SignInAttempts.objects.create(pending="ended", begun_at=clock.now() - timedelta(hours=1))
    SignInAttempts.objects.create(pending="running")
    asked_for_a_code()
    assert [row.pending for row in SignInAttempts.objects.all()] == ["running"]


def sign_in(username: str, password: str, network: str) -> Any:
    return Client(REMOTE_ADDR=network).post("/admin/login/", {"username": username, "password": password})


@pytest.mark.django_db
def test_passwords_of_one_account_are_not_guessed_from_many_networks(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MOVMO_ADMIN_SIGN_INS_PER_HOUR = 6
    User.objects.create_superuser("guessed@movmo.example", PASSWORD)
    for number in range(3):
        assert sign_in("guessed@movmo.example", "wrong", f"192.0.2.{number}").status_code == 200
    hashed: list[str] = []
    monkeypatch.setattr(hashers.PBKDF2PasswordHasher, "encode", lambda self, password, *rest: hashed.append(password))
    refused = sign_in("Guessed@Movmo.example ", PASSWORD, "192.0.2.9")
    assert (refused.status_code, hashed) == (429, [])
    assert 0 < int(refused["Retry-After"]) <= 600
    assert "Too many attempts" in refused.content.decode()


@pytest.mark.django_db
def test_one_network_does_not_try_many_accounts(settings: Settings) -> None:
    settings.MOVMO_ADMIN_SIGN_INS_PER_HOUR = 2
    answers = [sign_in(f"clerk{number}@movmo.example", "wrong", f"2001:db8:7::{number}") for number in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert sign_in("clerk9@movmo.example", "wrong", "2001:db8:8::1").status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("unix", "unix"),
    ],
)
def test_where_a_request_comes_from(rf: Any, address: str, network: str) -> None:
    assert limits.network_of(rf.get("/", REMOTE_ADDR=address)) == network
