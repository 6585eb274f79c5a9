"""A word to the workers: never waited for, never lost in a hurry, silent for a while when nobody can hear it."""

import os
import time
from collections.abc import Iterator
from threading import Event

import pytest
from django.db import transaction

from movmo.operations import nudge

SOON = 2.0


class Listener:
    """Hears words; may be slow, or refuse."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, float]] = []
        self.is_away = False
        self.may_answer = Event()
        self.may_answer.set()

    def __call__(self, name: str) -> None:
        self.heard.append((name, time.monotonic()))
        self.may_answer.wait(SOON)
        if self.is_away:
            raise ConnectionRefusedError("amqp://guest:hunter2@nowhere")

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.heard]

    def hears(self, count: int) -> bool:
        ends_at = time.monotonic() + SOON
        while len(self.heard) < count and time.monotonic() < ends_at:
            time.sleep(0.002)
        return len(self.heard) >= count


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    nudge.install(listener)
    yield listener
    listener.may_answer.set()
    nudge.install(None)


def test_a_word_is_heard_at_once(listener: Listener) -> None:
    begun = time.monotonic()
    nudge.say("outbox")
    assert listener.hears(1)
    assert listener.heard[0][1] - begun < 0.1


def test_of_many_words_the_last_is_not_lost(listener: Listener) -> None:
    """The worker that the first one woke may have looked before the last one's row was there."""
    for _ in range(200):
        nudge.say("outbox")
    last = time.monotonic()
    assert listener.hears(2)
    time.sleep(3 * nudge.PAUSE)
    assert listener.heard[-1][1] >= last
    assert len(listener.heard) <= 3


def test_names_do_not_hide_one_another(listener: Listener) -> None:
    nudge.say("outbox")
    nudge.say("webhooks")
    assert listener.hears(2)
    assert set(listener.names) == {"outbox", "webhooks"}


def test_nobody_waits_for_a_broker_that_does_not_answer(listener: Listener) -> None:
    listener.may_answer.clear()
    begun = time.monotonic()
    for _ in range(100):
        nudge.say("outbox")
    assert time.monotonic() - begun < 0.1
    assert listener.hears(1)


def test_after_a_failure_there_is_silence(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(nudge, "SILENCE_AFTER_FAILURE", 0.3)
    listener.is_away = True
    nudge.say("outbox")
    assert listener.hears(1)
    listener.is_away = False
    nudge.say("outbox")
    assert listener.hears(2)
    assert listener.heard[1][1] - listener.heard[0][1] >= 0.3
    assert "nudge.lost" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_said(listener: Listener) -> None:
    with transaction.atomic():
        nudge.after_commit("outbox")
        transaction.set_rollback(True)
    with transaction.atomic():
        nudge.after_commit("webhooks")
        assert listener.heard == []
    assert listener.hears(1)
    assert listener.names == ["webhooks"]


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_forked_process_has_a_voice_of_its_own(listener: Listener) -> None:
    nudge.say("outbox")
    assert listener.hears(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        listener.heard.clear()
        nudge.say("webhooks")
        os.write(writing, b"y" if listener.hears(1) else b"n")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 1) == b"y"


def test_without_a_listener_words_are_nothing() -> None:
    nudge.install(None)
    nudge.say("outbox")
