"""Real workers at real brokers: what is told of is done at once, and what nobody told of, too."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from bookings.booking.models import Booking
from bookings.booking.states import State
from movmo.operations.models import Event, Outbox
from tests.contract.world import World
from tests.workers.running import BROKERS, House, house, kill

pytestmark = pytest.mark.django_db(transaction=True)

SOON = 500  # milliseconds, on a machine that does other things


@pytest.fixture(params=BROKERS)
def movmo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    with house(request.param, tmp_path) as made:
        yield made


def rows(**filters: object) -> int:
    return Outbox.objects.filter(**filters).count()


def test_a_booking_whose_outcome_is_unknown_is_resolved_and_told(movmo: House, world: World) -> None:
    """The airline has made the order, its answer was lost, and nobody asks again."""
    world.book(world.mapped_offer(family_name="TIMEOUTBOOKED"))
    booking = Booking.objects.get()
    assert booking.state == State.UNKNOWN
    with movmo.worker("threads", "-B"):
        movmo.until(lambda: Booking.objects.get(pk=booking.pk).state == State.TICKETED)
        movmo.until(lambda: not Event.objects.filter(position=None).exists() and not rows(topic="event", state="ready"))
    assert Event.objects.filter(subject_id=booking.pk).count() == Booking.objects.get(pk=booking.pk).sequence


def test_a_word_wakes_a_worker_that_has_no_clock(movmo: House) -> None:
    with movmo.worker("threads"):
        took = [int(told) for told in movmo.call("wait", str(movmo.diary), *"abcde").split()]
        _few_connections(movmo)
    assert min(took) < SOON, took


def _few_connections(movmo: House) -> None:
    """Worker threads give their connections back when a task is done."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [movmo.queue])
            assert cursor.fetchone() == (0,)


def test_a_worker_that_is_killed_is_followed_by_another(movmo: House) -> None:
    brake = Path(f"{movmo.diary}.brake")
    brake.touch()
    with movmo.worker("processes", "-B") as first:
        movmo.call("order", str(movmo.diary), "parcel")
        movmo.until(lambda: movmo.lines)
        kill(first)
    brake.unlink()
    with movmo.worker("processes", "-B"):
        movmo.until(lambda: rows(state="done"))
    assert movmo.lines == ["begun parcel", "begun parcel", "done parcel"]


def test_a_clock_does_not_outlive_its_worker(movmo: House) -> None:
    """Only the worker is killed, as when memory runs out, and not its group."""
    with movmo.worker("threads", "-B") as worker:
        movmo.until(lambda: _children(worker.pid))
        (clock,) = _children(worker.pid)
        movmo.until(lambda: len(list(Path(f"/proc/{clock}/task").iterdir())) > 1)  # it has begun
        worker.kill()
        worker.wait()
        try:
            movmo.until(lambda: _is_over(clock))
        finally:
            if not _is_over(clock):
                os.kill(clock, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_over(pid: int) -> bool:
    """Also one that nobody has asked for yet."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_message_that_kills_its_worker_does_not_go_round_for_ever(movmo: House) -> None:
    with movmo.worker("processes"):
        movmo.call("send", "tests.workers.toys.poison", f"diary={movmo.diary}")
        movmo.until(lambda: len(movmo.lines) == 4)
        movmo.call("send", "tests.workers.toys.note", f"diary={movmo.diary}", "line=alive")
        movmo.until(lambda: "alive" in movmo.lines)
    assert movmo.lines == [*["poison"] * 4, "alive"]


def test_when_all_messages_are_lost_nothing_is(movmo: House) -> None:
    assert int(movmo.call("lose", str(movmo.diary), "parcel")) > 0
    with movmo.worker("threads", "-B"):
        movmo.until(lambda: rows(state="done"))
