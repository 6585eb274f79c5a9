"""What takes a word from the process of a change to the processes where somebody listens.

    Redis         publish and subscribe, where MOVMO_REDIS_URL names one
    PostgreSQL    NOTIFY and LISTEN, on connections of their own
    SQLite        nothing is sent: every process sees for itself that the file has changed

A carrier may lose words and may be away: `bulletin` finds by itself what none has told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg
from django.conf import settings
from django.db import connection
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

CHANNEL = "movmo_changes"
CONNECT_SECONDS = 2
LOOK_SECONDS = 0.25
"""Between two looks at an SQLite file."""

Send = Callable[[str], None]


class Ear(Protocol):
    def hear(self, seconds: float) -> list[str] | None:
        """The words that have come, waiting so long for the first; None when something changed and nobody says what.

        Raises what the carrier's library raises.
        """


class Carrier(Protocol):
    @property
    def send(self) -> Send | None:
        """Takes a word to every ear, now. Raises what the carrier's library raises. None: nobody needs to be told."""

    def ear(self) -> AbstractContextManager[Ear]:
        """Hears what is sent from now on; of one thread. Raises what the carrier's library raises."""


def of_settings() -> Carrier:
    """Connects to nothing yet."""
    if settings.MOVMO_REDIS_URL:
        return OnRedis(settings.MOVMO_REDIS_URL)
    return OnPostgres() if connection.vendor == "postgresql" else OnSqlite()


class OnRedis:
    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            protocol=2,
            decode_responses=True,
            socket_timeout=CONNECT_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            # A connection that broke is heard of: what was said meanwhile has to be looked up.
            retry=Retry(NoBackoff(), 0),
        )

    def send(self, word: str) -> None:
        self._redis.publish(CHANNEL, word)

    @contextmanager
    def ear(self) -> Iterator[Ear]:
        with PubSub(self._redis.connection_pool, ignore_subscribe_messages=True) as pubsub:
            pubsub.subscribe(CHANNEL)
            yield _RedisEar(pubsub)


class _RedisEar:
    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    def hear(self, seconds: float) -> list[str]:
        message = self._pubsub.get_message(timeout=seconds)
        return [message["data"]] if message else []


class OnPostgres:
    """NOTIFY has transactions of its own, after the change's: in one transaction with it, it would hold a lock of the
    whole server until the commit is on disk, and commits would wait in a row.
    """

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._speaking: psycopg.Connection[Any] | None = None

    def send(self, word: str) -> None:
        try:
            self._notify(word)
        except psycopg.Error:  # once more: a connection that was cut while nothing was said tells it only now
            self.close()
            self._notify(word)

    def _notify(self, word: str) -> None:
        if self._speaking is None:
            self._speaking = _connect()
            # Nothing is lost that the sweep would not find.
            self._speaking.execute("SET synchronous_commit = off")
        self._speaking.execute("SELECT pg_notify(%s, %s)", (CHANNEL, word))

    @contextmanager
    def ear(self) -> Iterator[Ear]:
        with _connect() as listening:
            listening.execute(f"LISTEN {CHANNEL}")
            yield _PostgresEar(listening)

    def close(self) -> None:
        """Of what was opened to send."""
        if self._speaking is not None:
            self._speaking.close()
        self._forget()


def _connect() -> psycopg.Connection[Any]:
    """Beside Django's, which come and go with calls."""
    parameters = {"connect_timeout": CONNECT_SECONDS, **connection.get_connection_params()}
    return psycopg.connect(**parameters, autocommit=True)


class _PostgresEar:
    def __init__(self, listening: psycopg.Connection[Any]) -> None:
        self._listening = listening

    def hear(self, seconds: float) -> list[str]:
        return [heard.payload for heard in self._listening.notifies(timeout=seconds, stop_after=1)]


class OnSqlite:
    send: Send | None = None

    @contextmanager
    def ear(self) -> Iterator[Ear]:
        yield _SqliteEar()


class _SqliteEar:
    """SQLite counts, for each connection, the commits of all others: a number in the file's header."""

    def __init__(self) -> None:
        self._version = _data_version()

    def hear(self, seconds: float) -> list[str] | None:
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            time.sleep(min(LOOK_SECONDS, left))
            before, self._version = self._version, _data_version()
            if self._version != before:
                return None
        return []


def _data_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        version: int = cursor.fetchone()[0]
    return version
