"""What was spent is presented again: one after the other, at the same moment, by its owner and by a thief."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from oauth2_provider.models import RefreshToken

from movmo.operations.context import Door
from partners.authentication import TokenInvalid, authenticate
from partners.oauth.models import Connection
from partners.oauth.validator import COLLISION
from tests import factories
from tests.partners.conftest import Browser, let_pass, redeem, refresh

AT_ONCE = 6


def bearer_works(token: str) -> bool:
    try:
        return authenticate(door=Door.MCP, api_key=None, bearer=token, request_id="r").user_id is not None
    except TokenInvalid:
        return False


def at_once(call: Callable[[], Any]) -> list[Any]:
    """The answers to the same call from several threads that set off together, each on its own connection."""
    start = threading.Barrier(AT_ONCE)

    def run(_: int) -> Any:
        try:
            start.wait()
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(run, range(AT_ONCE)))


def assert_one_won(answers: list[Any]) -> dict[str, Any]:
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [400] * (AT_ONCE - 1)
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    won: dict[str, Any] = next(answer.json() for answer in answers if answer.status_code == 200)
    return won


@pytest.mark.django_db(transaction=True)
def test_of_parallel_redemptions_one_wins_and_the_code_is_burnt(browser: Browser) -> None:
    code = browser.approve()["code"]
    won = assert_one_won(at_once(lambda: redeem(Client(), code)))
    assert not bearer_works(won["access_token"])
    assert refresh(Client(), won["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.django_db(transaction=True)
def test_of_parallel_refreshes_one_wins_and_the_family_lives(browser: Browser) -> None:
    granted = redeem(Client(), browser.approve()["code"]).json()
    for _ in range(3):
        granted = assert_one_won(at_once(partial(refresh, Client(), granted["refresh_token"])))
    assert bearer_works(granted["access_token"])
    assert refresh(Client(), granted["refresh_token"]).status_code == 200


@pytest.fixture
def impatient(transactional_db: None) -> Iterator[None]:
    """This thread waits for no lock."""
    statement = "SET lock_timeout = 20" if connection.vendor == "postgresql" else "PRAGMA busy_timeout = 20"
    with connection.cursor() as cursor:
        cursor.execute(statement)
    yield
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_who_waits_too_long_for_the_others_is_told_to_come_again(browser: Browser, impatient: None) -> None:
    granted = redeem(Client(), browser.approve()["code"]).json()
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(Connection.objects.select_for_update())
                held.set()
                over.wait()
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    refused = [
        refresh(Client(), granted["refresh_token"]),
        Client().post("/v1/oauth/revoke", {"token": granted["refresh_token"], "client_id": "scout"}),
    ]
    over.set()
    holder.join()
    if connection.vendor == "postgresql":
        assert refused.pop().status_code == 200  # it needs the row of its token only
    for answer in refused:
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert answer["Retry-After"] == "1"


@pytest.fixture
def granted(browser: Browser, client: Client) -> Any:
    return redeem(client, browser.approve()["code"]).json()


def test_a_refresh_token_that_comes_again_at_once_gets_nothing_and_costs_nothing(granted: Any, client: Client) -> None:
    fresh = refresh(client, granted["refresh_token"]).json()
    again = refresh(client, granted["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert bearer_works(fresh["access_token"])


def test_a_refresh_token_that_comes_again_later_ends_its_family(granted: Any, client: Client) -> None:
    fresh = refresh(client, granted["refresh_token"]).json()
    let_pass(COLLISION)
    assert refresh(client, granted["refresh_token"]).json()["error"] == "invalid_grant"
    assert not bearer_works(fresh["access_token"])
    assert refresh(client, fresh["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_token_that_came_again_at_once_and_again_later_ends_its_family(granted: Any, client: Client) -> None:
    fresh = refresh(client, granted["refresh_token"]).json()
    refresh(client, granted["refresh_token"])
    let_pass(COLLISION)
    refresh(client, granted["refresh_token"])
    assert not bearer_works(fresh["access_token"])


def test_the_ancestor_of_a_rotated_token_ends_the_family_too(granted: Any, client: Client) -> None:
    second = refresh(client, granted["refresh_token"]).json()
    third = refresh(client, second["refresh_token"]).json()
    let_pass(COLLISION)
    refresh(client, granted["refresh_token"])
    assert not bearer_works(third["access_token"])


def test_a_thief_who_was_just_faster_loses_it_when_the_traveler_consents_again(
    granted: Any, browser: Browser, client: Client
) -> None:
    stolen = refresh(client, granted["refresh_token"]).json()
    assert refresh(client, granted["refresh_token"]).status_code == 400  # scout itself, a moment later
    anew = redeem(client, browser.approve()["code"]).json()
    assert bearer_works(anew["access_token"])
    assert not bearer_works(stolen["access_token"])
    assert refresh(client, stolen["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_new_consent_leaves_the_travelers_other_device_alone(granted: Any, browser: Browser, client: Client) -> None:
    elsewhere = refresh(client, granted["refresh_token"]).json()
    let_pass(timedelta(minutes=1))
    redeem(client, browser.approve()["code"])
    assert bearer_works(elsewhere["access_token"])
    assert refresh(client, elsewhere["refresh_token"]).status_code == 200


def test_a_code_replayed_by_another_client_takes_nothing_back(granted: Any, browser: Browser, client: Client) -> None:
    factories.application("mallory")
    code = browser.approve()["code"]
    won = redeem(client, code).json()
    assert redeem(client, code, client_id="mallory").json()["error"] == "invalid_grant"
    assert bearer_works(won["access_token"])


def test_a_code_replayed_without_its_verifier_takes_back_what_it_bought(browser: Browser, client: Client) -> None:
    code = browser.approve()["code"]
    won = redeem(client, code).json()
    assert redeem(client, code, code_verifier="guess-" * 9).json()["error"] == "invalid_grant"
    assert not bearer_works(won["access_token"])


def test_what_a_token_was_spent_for_is_kept_as_long_as_it_could_be_replayed(granted: Any, client: Client) -> None:
    refresh(client, granted["refresh_token"])
    spent = RefreshToken.objects.exclude(revoked=None).get()
    assert spent.updated == spent.revoked  # not contested
    refresh(client, granted["refresh_token"])
    spent.refresh_from_db()
    assert spent.updated > spent.revoked
