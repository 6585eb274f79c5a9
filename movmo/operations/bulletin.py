"""Tells those who listen, in whatever process they are, that something has happened to a subject of events.

    events.write    leaves a word of the subject's newest sequence, which goes out once the change has committed
    a carrier       takes it to every process, or loses it
    the bulletin    one thread in a process, while somebody listens there: passes on what the carrier brings, and looks
                    at the events themselves every SWEEP_SECONDS, so that a word that got lost costs seconds

A listener is told when its subject has a later event than the last that it was told of. A subject's sequences become
visible in their order, each being written with the swap of the one before, so nothing is missed and nothing told twice.
No write waits for any of this, or fails by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext
from functools import partial
from threading import Event as Flag
from threading import Lock, Thread
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Max

from movmo.operations.carriers import Carrier, Ear
from movmo.operations.models import Event
from movmo.operations.nudge import Messenger

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
BREATH_SECONDS = 0.5
"""After so long it asks whether anybody still listens."""
PATIENCE_SECONDS = 5.0
SUBJECTS_IN_A_LOOK = 500

Told = Callable[[UUID], None]
"""Gets the subject's id, in the bulletin's thread: it neither waits nor raises."""


class Word(NamedTuple):
    subject_id: UUID
    sequence: int

    def __str__(self) -> str:
        return f"{self.subject_id}:{self.sequence}"

    @classmethod
    def read(cls, text: str) -> Word | None:
        """None for what is no word of ours: others may speak on the channel."""
        subject_id, _, sequence = text.partition(":")
        try:
            return cls(UUID(subject_id), int(sequence))
        except ValueError:
            return None


class Listener:
    """`heard` is the sequence up to which each of its subjects is known to it."""

    def __init__(self, told: Told, heard: dict[UUID, int]) -> None:
        self.told = told
        self.heard = heard

    def is_news(self, word: Word) -> bool:
        """Whether this was unknown; from now on it is known."""
        is_later = word.sequence > self.heard[word.subject_id]
        if is_later:
            self.heard[word.subject_id] = word.sequence
        return is_later


class Bulletin:
    """The listeners of one process. Without a carrier it only sweeps."""

    def __init__(self, carrier: Carrier | None) -> None:
        self._carrier = carrier
        self._lock = Lock()
        self._listeners: dict[UUID, set[Listener]] = {}
        self._stopping = Flag()
        self._thread: Thread | None = None
        self._is_deaf = False

    def listen(self, subject_ids: Collection[UUID], told: Told) -> Callable[[], None]:
        """Be told of every change that commits from now on. Returns what ends it. Asks the database."""
        newest = dict(_newest(subject_ids))
        listener = Listener(told, {one: newest.get(one, 0) for one in subject_ids})
        with self._lock:
            for one in listener.heard:
                self._listeners.setdefault(one, set()).add(listener)
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="bulletin", daemon=True)
                self._thread.start()
        return partial(self._leave, listener)

    def close(self) -> None:
        """Nobody is told any more. Blocks, for some seconds at most."""
        self._stopping.set()
        if (thread := self._thread) is not None:
            thread.join(PATIENCE_SECONDS)

    def _leave(self, listener: Listener) -> None:
        with self._lock:
            for one in listener.heard:
                others = self._listeners.get(one, set())
                others.discard(listener)
                if not others:
                    self._listeners.pop(one, None)

    def _goes_on(self) -> bool:
        """False once nobody listens; the next who does begins a new thread."""
        with self._lock:
            goes_on = bool(self._listeners) and not self._stopping.is_set()
            if not goes_on:
                self._thread = None
            return goes_on

    def _run(self) -> None:
        try:
            while self._goes_on():
                try:
                    if self._is_deaf:
                        self._look()
                    with self._carrier.ear() if self._carrier else nullcontext(_Silence(self._stopping)) as ear:
                        self._attend(ear)
                except Exception as failure:  # noqa: BLE001  whatever the libraries raise: the sweep finds what was lost
                    self._be_deaf(type(failure).__name__)
        finally:
            connection.close()

    def _be_deaf(self, error: str) -> None:
        """A connection that was cut is replaced at once; of an outage there is one line in the log, and no hurry."""
        connection.close()
        if self._is_deaf:
            self._stopping.wait(SWEEP_SECONDS)
        else:
            log.warning("bulletin.deaf", error=error)
        self._is_deaf = True

    def _attend(self, ear: Ear) -> None:
        """Until nobody listens. Looks first: what was said before this ear was open is not said again."""
        sweep_at = time.monotonic()
        words: list[str] | None = None
        while self._goes_on():
            if words is None or time.monotonic() >= sweep_at:
                self._look()
                self._is_deaf = False
                sweep_at = time.monotonic() + SWEEP_SECONDS
            words = ear.hear(max(0.0, min(BREATH_SECONDS, sweep_at - time.monotonic())))
            self._tell(word for word in map(Word.read, words or []) if word is not None)

    def _look(self) -> None:
        with self._lock:
            subject_ids = list(self._listeners)
        self._tell(_newest(subject_ids))

    def _tell(self, words: Iterable[Word]) -> None:
        for word in words:
            with self._lock:
                news = [one.told for one in self._listeners.get(word.subject_id, ()) if one.is_news(word)]
            for told in news:
                told(word.subject_id)


class _Silence:
    def __init__(self, stopping: Flag) -> None:
        self._stopping = stopping

    def hear(self, seconds: float) -> list[str]:
        self._stopping.wait(seconds)
        return []


def _newest(subject_ids: Collection[UUID]) -> list[Word]:
    """How far each of them has come; one without events is left out."""
    ids, found = list(subject_ids), []
    for start in range(0, len(ids), SUBJECTS_IN_A_LOOK):
        some = Event.objects.filter(subject_id__in=ids[start : start + SUBJECTS_IN_A_LOOK])
        rows = some.order_by().values_list("subject_id").annotate(Max("sequence"))
        found += [Word(subject_id, sequence) for subject_id, sequence in rows]
    return found


_messenger: Messenger | None = None
_bulletin = Bulletin(None)


def install(carrier: Carrier | None) -> None:
    """Called at start-up by the application. None: nothing is sent, and listeners hear by the sweeps."""
    global _messenger, _bulletin
    if _messenger is not None:
        _messenger.dismiss()
    _bulletin.close()
    _bulletin = Bulletin(carrier)
    send = carrier.send if carrier is not None else None
    _messenger = Messenger(send) if send is not None else None


def listen(subject_ids: Collection[UUID], told: Told) -> Callable[[], None]:
    """As `Bulletin.listen`, in this process's."""
    return _bulletin.listen(subject_ids, told)


def say_after_commit(subject_id: UUID, sequence: int) -> None:
    """In the transaction that writes the event."""
    if _messenger is not None:
        transaction.on_commit(partial(_messenger.say, str(Word(subject_id, sequence))), robust=True)
