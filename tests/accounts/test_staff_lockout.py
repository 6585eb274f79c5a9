"""Ten failures in a row, however many at once, and a way of signing in rests; another one never does because of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from movmo.accounts.models import Lockout, User
from movmo.accounts.office import lockout, second_factor
from movmo.accounts.office.lockout import FAILURES, Try, Way
from movmo.kit.clock import now
from tests.accounts.test_staff_sign_in import is_inside, signed_in_by_code
from tests.conftest import StoppedClock
from tests.letters import post
from tests.office import DOOR, PASSWORD, STEP, clerk_with_app, code, entered, with_password, wrong_code

THREADS = 16


@pytest.fixture(autouse=True)
def _unhurried(settings: Settings) -> None:
    """The limits by the hour have their own tests."""
    settings.MOVMO_ADMIN_SIGN_INS_PER_HOUR = 10_000


@pytest.fixture
def chief(db: None) -> User:
    return clerk_with_app()


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


def failed(clerk: User, way: Way = Way.PASSWORD, times: int = FAILURES) -> None:
    for _ in range(times):
        lockout.take(lockout.name_of(clerk, way), now=now())


def is_halfway(client: Client) -> bool:
    return client.get(STEP).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_guesses_at_once_exactly_ten_are_judged() -> None:
    clerk = clerk_with_app()
    takes = at_once(lambda: lockout.take(lockout.name_of(clerk, Way.PASSWORD), now=now()))
    assert sorted(take.value for take in takes) == sorted(
        [Try.TAKEN.value] * 9 + [Try.TAKEN_AND_LOCKED.value] + [Try.REFUSED.value] * (THREADS - FAILURES)
    )


@pytest.mark.django_db(transaction=True)
def test_of_codes_sent_at_once_exactly_ten_are_judged_and_one_letter_tells() -> None:
    clerk = clerk_with_app()
    halfway = with_password(clerk)

    def guess() -> Any:
        twin = Client()
        twin.cookies = halfway.cookies
        return twin.post(STEP, {"code": wrong_code()}).status_code

    assert set(at_once(guess)) == {200}
    row = Lockout.objects.get()
    assert (row.failures, row.locked_until is not None) == (10, True)
    post()
    assert [letter.subject for letter in mail.outbox] == ["Your Movmo account is locked for a while"]


@pytest.mark.django_db(transaction=True)
def test_of_one_code_sent_twice_at_once_one_opens() -> None:
    clerk = clerk_with_app()
    halfway, right = with_password(clerk), code()

    def enter() -> Any:
        twin = Client()
        twin.cookies = halfway.cookies
        return twin.post(STEP, {"code": right}).get("Location")  # to sign in again, once the session has another key

    assert at_once(enter).count("/admin/") == 1


@pytest.mark.django_db
def test_the_right_password_is_refused_in_the_words_of_a_wrong_one(chief: User, ana: User) -> None:
    ana.set_password(PASSWORD)
    ana.save()

    def answer(email: str, password: str) -> str:
        page = Client().post(DOOR, {"username": email, "password": password}).content.decode()
        return page.split("<form")[0].replace(email, "")

    wrong = answer(chief.email, "wrong")
    failed(chief)
    assert answer(chief.email, PASSWORD) == wrong
    assert answer("nobody@movmo.example", PASSWORD) == wrong
    assert answer(ana.email, PASSWORD) == wrong
    assert not is_halfway(with_password(chief))


@pytest.mark.django_db
def test_a_resting_password_keeps_nobody_out(chief: User) -> None:
    """Whoever knows the address can make it rest: a code by e-mail and the app still open the office."""
    failed(chief)
    client = signed_in_by_code(chief.email)
    client.post(STEP, {"code": code()})
    assert is_inside(client)


@pytest.mark.django_db
def test_others_guesses_do_not_reach_the_browser_that_the_clerk_uses(chief: User, settings: Settings) -> None:
    desk = with_password(chief)
    desk.post("/accounts/logout/")
    settings.MOVMO_ADMIN_SIGN_INS_PER_HOUR = 4
    failed(chief)
    for _ in range(3):
        elsewhere = with_password(chief, "wrong", Client(REMOTE_ADDR="192.0.2.7"))
    assert elsewhere.post(DOOR, {"username": chief.email, "password": PASSWORD}).status_code == 429
    assert not is_halfway(with_password(chief))
    assert is_halfway(with_password(chief, client=desk))


@pytest.mark.django_db
def test_a_known_browser_has_ten_tries_of_its_own(chief: User) -> None:
    desk = with_password(chief)
    desk.post("/accounts/logout/")
    for _ in range(FAILURES):
        with_password(chief, "wrong", desk)
    assert not is_halfway(with_password(chief, client=desk))
    assert is_halfway(with_password(chief))


@pytest.mark.django_db
def test_the_rest_ends_and_then_each_failure_starts_another(chief: User, clock: StoppedClock) -> None:
    failed(chief)
    name = lockout.name_of(chief, Way.PASSWORD)
    clock.forward(minutes=14)
    assert lockout.take(name, now=clock.now) is Try.REFUSED
    clock.forward(minutes=16)
    assert lockout.take(name, now=clock.now) is Try.TAKEN_AND_LOCKED
    lockout.forget(name)
    assert lockout.take(name, now=clock.now) is Try.TAKEN


@pytest.mark.django_db
def test_a_success_forgets_the_failures(chief: User) -> None:
    failed(chief, times=FAILURES - 1)
    failed(chief, Way.SECOND_FACTOR, times=FAILURES - 1)
    client = with_password(chief)
    client.post(STEP, {"code": code()})
    assert is_inside(client)
    assert not Lockout.objects.exists()


@pytest.mark.django_db
def test_a_resting_second_factor_refuses_the_right_code_too(chief: User) -> None:
    failed(chief, Way.SECOND_FACTOR)
    client = with_password(chief)
    refused = client.post(STEP, {"code": code()}).content.decode()
    assert "That is not the code, or it was used already" in refused
    assert not is_inside(client)


@pytest.mark.django_db(transaction=True)
def test_a_letter_tells_of_the_rest() -> None:
    clerk = clerk_with_app()
    failed(clerk, times=FAILURES - 1)
    with_password(clerk, "wrong")
    with_password(clerk, "wrong")
    post()
    assert [letter.to for letter in mail.outbox] == [[clerk.email]]


@pytest.mark.django_db
def test_nothing_is_counted_for_accounts_that_are_no_staffs(ana: User) -> None:
    for email in (ana.email, "nobody@movmo.example"):
        Client().post(DOOR, {"username": email, "password": "wrong"})
    assert not Lockout.objects.exists()


@pytest.mark.django_db
def test_staff_unlock_each_other(chief: User) -> None:
    failed(chief)
    other = clerk_with_app("other@movmo.example")
    office = entered(Client(), other)
    page = reverse("admin:accounts_lockout_changelist")
    shown = office.get(page).content.decode()
    assert "chief@movmo.example" in shown
    assert "password" in shown
    office.post(page, {"action": "unlock", "_selected_action": [Lockout.objects.get().pk]})
    assert not Lockout.objects.exists()
    assert is_halfway(with_password(chief))
    assert Authenticator.objects.filter(user=chief).exists()


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_sent_many_times_at_once_opens_once_without_an_app_too(ops: User) -> None:
    passkey = {"name": "key", "office": True}
    Authenticator.objects.create(user=ops, type=Authenticator.Type.WEBAUTHN, data=passkey)
    for given in second_factor.new_recovery_codes(ops):
        shown = at_once(partial(second_factor.judge, ops, given))
        assert [factor is not None for factor in shown].count(True) == 1
    assert second_factor.recovery_codes_left(ops) == 0
