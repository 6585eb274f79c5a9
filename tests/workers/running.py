"""Brokers that are really there, and processes that use them. Each run has a queue of its own and leaves none."""

# The library is hardly typed.
# mypy: allow-untyped-calls

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from kombu.connection import Connection
from redis import Redis

from movmo import broker, env
from tests.redis_server import URL as REDIS_URL
from tests.redis_server import _is_there as redis_is_there

RABBIT_URL = os.environ.get("MOVMO_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
PATIENCE = 40.0
STOP_SECONDS = 15
POOLS = {"threads": ["-P", "threads", "-c", "4"], "processes": ["-P", "prefork", "-c", "1"]}


def _rabbit_is_there() -> bool:
    try:
        with Connection(RABBIT_URL, connect_timeout=2) as rabbit:
            rabbit.connect()
    except OSError:
        return False
    return True


def _unless(is_there: bool, what: str, url: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not is_there, reason=f"no {what} answers at {url.rpartition('@')[2]}")


BROKERS = [
    pytest.param("", id="files"),
    pytest.param(REDIS_URL, id="redis", marks=_unless(redis_is_there(), "Redis", REDIS_URL)),
    pytest.param(RABBIT_URL, id="rabbitmq", marks=_unless(_rabbit_is_there(), "RabbitMQ", RABBIT_URL)),
]


@dataclass(frozen=True)
class House:
    """What every process of one test runs with: the test's database, a broker, a folder."""

    url: str
    folder: Path
    queue: str

    @property
    def environment(self) -> dict[str, str]:
        changes = {"MOVMO_VAR": str(self.folder), "MOVMO_BROKER_URL": self.url, "MOVMO_QUEUE": self.queue}
        return {**os.environ, **changes, "DATABASE_URL": _database(), "PGAPPNAME": self.queue}

    @property
    def diary(self) -> Path:
        return self.folder / "diary"

    @property
    def lines(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.exists() else []

    def call(self, *arguments: str) -> str:
        """Something that a web process does; what it told."""
        command = [sys.executable, "-m", "tests.workers.caller", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=env.BASE_DIR, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    @contextmanager
    def worker(self, pool: str, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A worker process, in a group of its own with all that it starts; gone afterwards."""
        command = [sys.executable, "-m", "celery", "-A", "tests.workers.app", "--quiet", "worker", *POOLS[pool]]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat", *options]
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environment, cwd=env.BASE_DIR, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process
        finally:
            stop(process)

    def until(self, is_so: Callable[[], Any]) -> None:
        """Wait for it; the worker's own words otherwise."""
        ends_at = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < ends_at, (self.folder / "worker.log").read_text()[-3000:]
            time.sleep(0.02)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """The power fails, for the worker and all its children."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)


def stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill(process)


@contextmanager
def house(url: str, folder: Path) -> Iterator[House]:
    shutil.copy(env.generated_secrets(), folder)
    made = House(url, folder, f"movmo-test-{uuid4()}")
    try:
        yield made
    finally:
        _forget(made)


def _forget(house: House) -> None:
    if house.url.startswith("redis"):
        with Redis.from_url(house.url) as redis:
            for key in redis.scan_iter(f"{house.queue}:*"):
                redis.delete(key)
    elif house.url:
        options = broker.options(house.url, queue=house.queue, folder=house.folder)
        with Connection(options["broker_url"]) as rabbit:
            rabbit.default_channel.queue_delete(house.queue)


def _database() -> str:
    named = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(named['NAME']))}"
    user = f"{quote(named['USER'])}:{quote(named['PASSWORD'])}" if named["PASSWORD"] else quote(named["USER"])
    return urlsplit(f"postgresql://{user}@{named['HOST']}:{named['PORT']}/{quote(str(named['NAME']))}").geturl()
