"""What Movmo's processes do at a broker that is away, or full of old messages. The brokers' own clients, no fakes."""

# The library is hardly typed.
# mypy: allow-untyped-calls

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from celery import Celery
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from movmo import broker, celery
from movmo.operations import nudge
from tests.operations.together import together

NOBODY = 1  # a port that is closed


def _app(url: str, folder: Path) -> Celery:
    """Movmo's, at another broker."""
    app = Celery(set_as_current=False)
    kept = {name: celery.app.conf[name] for name in ("broker_connection_timeout", "task_publish_retry_policy")}
    app.conf.update(**kept, **broker.options(url, queue="movmo-test", folder=folder))
    return app


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_who_sends_to_nobody_gives_up_soon(scheme: str, tmp_path: Path) -> None:
    app = _app(f"{scheme}://127.0.0.1:{NOBODY}/", tmp_path)
    begun = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task("nobody.hears")
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_no_request_waits_for_a_broker_that_does_not_answer(scheme: str, mute: int, tmp_path: Path) -> None:
    app = _app(f"{scheme}://127.0.0.1:{mute}/", tmp_path)
    trying = Event()

    def send(_: str) -> None:
        trying.set()
        app.send_task("nobody.hears")

    nudge.install(send)
    try:
        begun = time.monotonic()
        for _ in range(100):
            nudge.say("outbox")
        assert time.monotonic() - begun < 0.2
        assert trying.wait(5)
    finally:
        nudge.install(None)


def _files(folder: Path) -> Connection:
    options = broker.options("", queue="movmo-test", folder=folder)
    return Connection(transport=broker.Transport, transport_options=options["broker_transport_options"])


def test_messages_that_are_files_are_read_whole_and_once(tmp_path: Path) -> None:
    """Two write while two read."""
    queue = Queue("movmo-test", routing_key="movmo-test")
    over = Event()
    each = 300

    def write() -> list[Any]:
        with _files(tmp_path) as connection:
            producer = connection.Producer()
            for number in range(each):
                producer.publish({"number": number, "rest": "x" * 2_000}, routing_key=queue.name, declare=[queue])
        return []

    def read() -> list[Any]:
        found = []
        with _files(tmp_path) as connection, connection.Consumer([queue], accept=["json"], no_ack=True) as consumer:
            consumer.register_callback(lambda body, _: found.append(body["number"]))
            while True:
                is_last_look = over.is_set()
                try:
                    connection.drain_events(timeout=0.2)
                except TimeoutError:
                    if is_last_look:
                        return found

    with _files(tmp_path) as connection:
        queue(connection.default_channel).declare()
    readers: list[Any] = []
    reading = Thread(target=lambda: readers.extend(together(read, read)))
    reading.start()
    assert together(write, write) == [[], []]
    over.set()
    reading.join(30)
    assert [one for one in readers if isinstance(one, Exception)] == []
    assert sorted(number for found in readers for number in found) == sorted([*range(each), *range(each)])
    assert list((tmp_path / "messages").iterdir()) == []


def test_messages_hold_no_more_than_the_name_of_the_work(tmp_path: Path) -> None:
    app = _app("", tmp_path)
    app.send_task(celery.WAKES["outbox"], expires=celery.STALE_SECONDS)
    [message] = (tmp_path / "messages").iterdir()
    sent = json.loads(message.read_text())
    assert sent["headers"]["task"] == "movmo.operations.tasks.drain_outbox"
    assert sent["headers"]["argsrepr"] == "()"


def test_every_task_of_the_schedule_and_of_the_words_is_there() -> None:
    celery.app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in celery.SCHEDULE.values()}
    assert scheduled | set(celery.WAKES.values()) <= set(celery.app.tasks)


def test_nothing_runs_eagerly_and_redis_waits_longer_than_any_task() -> None:
    celery.app.loader.import_default_modules()
    assert not celery.app.conf.task_always_eager
    limits = [task.time_limit for name, task in celery.app.tasks.items() if not name.startswith("celery.")]
    assert max(limit or celery.HARD_SECONDS for limit in limits) < broker.VISIBILITY_SECONDS


def test_files_that_are_no_messages_are_passed_over(tmp_path: Path) -> None:
    options = broker.options("", queue="movmo-unread", folder=tmp_path)
    transport, where = options["broker_transport"], options["broker_transport_options"]
    with Connection(options["broker_url"], transport=transport, transport_options=where) as files:
        queue = files.SimpleQueue("movmo-unread")
        for number, text in enumerate(["", "no message", '{"cut']):
            (tmp_path / "messages" / f"{number:020}_x.movmo-unread.msg").write_text(text)
        queue.put({"after": "them"})
        assert queue.get(timeout=5).payload == {"after": "them"}
        queue.close()
