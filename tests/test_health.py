"""What keeps the process running learns enough, and nobody learns more."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from pytest_django import Settings

from movmo.operations import outbox
from tests.redis_server import URL, needs_redis

READY = {"status": "ok", "database": "up", "redis": "unused", "work": "on time"}
NOWHERE = "redis://:redis-password@127.0.0.1:1/0"


def test_a_process_that_answers_is_alive_whatever_the_database_does(client: Client) -> None:
    answer = client.get("/healthz", headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "process": "up"})


@pytest.mark.django_db
def test_it_is_ready_with_its_database(client: Client, settings: Settings) -> None:
    settings.MOVMO_REDIS_URL = ""
    answer = client.get("/readyz", headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.json()) == (200, READY)
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_redis_is_spoken_of_and_not_fatal(client: Client, settings: Settings) -> None:
    settings.MOVMO_REDIS_URL = NOWHERE
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["redis"]) == (200, "away")


@pytest.mark.django_db
def test_without_its_database_it_is_not_ready_and_does_not_say_why(
    client: Client, settings: Settings, capfd: Any
) -> None:
    def refuses(*_: Any) -> Any:
        raise DatabaseError("could not connect to db.internal as movmo")

    settings.MOVMO_REDIS_URL = ""
    with connection.execute_wrapper(refuses):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "away")
    assert "internal" not in answer.content.decode() + "".join(capfd.readouterr())


@needs_redis
@pytest.mark.django_db
def test_redis_that_answers_is_up(client: Client, settings: Settings) -> None:
    settings.MOVMO_REDIS_URL = URL
    assert client.get("/readyz").json()["redis"] == "up"


@pytest.mark.django_db
def test_work_that_nobody_does_is_spoken_of_and_not_fatal(client: Client, settings: Settings, clock: Any) -> None:
    settings.MOVMO_REDIS_URL = ""
    outbox.put("parcel", "a", at=clock.now, parcel_id="a")
    assert client.get("/readyz").json() == READY
    clock.forward(minutes=2)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["work"]) == (200, "late")
