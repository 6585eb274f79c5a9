"""A worker is killed in the middle of a batch, at any place of it: another goes on, and every line is answered once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Timer
from typing import Any
from uuid import UUID

import pytest

from bookings.booking.models import Booking
from bookings.passenger.models import Passenger
from bookings.sandbox_airline.models import SandboxOrder
from movmo import env
from movmo.accounts.models import User
from movmo.operations.models import Event, IdempotencyRecord
from partners.batch.claiming import LEASE
from partners.batch.models import BatchLine
from partners.partner.models import Partner
from tests import factories
from tests.conftest import StoppedClock
from tests.contract.world import EVERY_SCOPE, World, booking_of, by_key_and_token, new_key
from tests.partners.batch_worker import AT_ONCE, HERE
from tests.partners.batching import by_real_key, leave, line, passenger, results, row, work
from tests.workers.running import _database

pytestmark = pytest.mark.django_db(transaction=True)
PAIRS = 4
PATIENCE = 120
PLACES = [
    # place, how often it is passed, lines whose effect has committed by then
    ("a line is taken", 3, 2),
    ("its write has not committed", 2, 2),
    ("the airline has the order", 2, 3),
    ("a line has run", 4, 4),
    ("lines are being settled", 1, AT_ONCE),
]


@pytest.fixture
def world(ana: User, aviare: Partner, clock: StoppedClock) -> World:
    return World(by_key_and_token(ana, aviare))


@pytest.fixture
def lines(world: World, ana: User, aviare: Partner) -> list[dict[str, Any]]:
    """A passenger, a booking, a passenger, a booking …: a local write and a saga by turns."""
    token = factories.token(ana, EVERY_SCOPE, factories.application("aviare-web", of=aviare))
    offers = [booking_of(world.mapped_offer()) for _ in range(PAIRS)]
    return [
        one
        for number, offer in enumerate(offers)
        for one in (
            passenger(token, name=f"Nova{'ABCD'[number]}"),
            line("create_booking", key=new_key(), token=token, **offer),
        )
    ]


@pytest.mark.parametrize(("place", "times", "done"), PLACES, ids=[place for place, *_ in PLACES])
def test_another_worker_goes_on(
    place: str, times: int, done: int, lines: list[dict[str, Any]], aviare: Partner, clock: StoppedClock
) -> None:
    caller = by_real_key(aviare)
    batch_id = leave(caller, *lines)
    with doomed(place, times, now=clock.now) as worker:
        says = _first_word(worker)
        assert says == HERE, says
        worker.send_signal(signal.SIGKILL)
        assert worker.wait(PATIENCE) == -signal.SIGKILL
    assert len(ours()) + Booking.objects.exclude(state="submitting").count() == done
    assert row(batch_id).settled == 0
    work()
    assert row(batch_id).done == len(lines) - AT_ONCE  # what the dead one had taken is still in its hands
    clock.forward(seconds=LEASE.total_seconds() + 1)
    work()
    assert (row(batch_id).state, row(batch_id).done) == ("completed", len(lines))
    told = results(caller, batch_id, limit=100)
    assert [(one.status, one.status_code) for one in told] == [("done", 201)] * len(lines)
    _each_has_run_once(told)
    assert _times_taken() == [2] * AT_ONCE + [1] * (len(lines) - AT_ONCE)
    assert Event.objects.filter(type="batch.completed.v1").count() == 1


def ours() -> list[UUID]:
    """Passengers that lines made, in the order of the lines."""
    return list(
        Passenger.objects.filter(given_name__startswith="Nova").order_by("given_name").values_list("pk", flat=True)
    )


def _each_has_run_once(told: list[Any]) -> None:
    assert [one.result["passenger_id"] for one in told[::2]] == [str(one) for one in ours()]
    bookings = [one.result["booking_id"] for one in told[1::2]]
    assert len(set(bookings)) == PAIRS
    assert set(bookings) == {str(one) for one in Booking.objects.values_list("pk", flat=True)}
    assert sorted(SandboxOrder.objects.values_list("client_reference", flat=True)) == sorted(bookings)
    assert {one.result["status"] for one in told[1::2]} == {"ticketed"}
    assert Event.objects.filter(type="booking.ticketed.v1").count() == PAIRS
    assert IdempotencyRecord.objects.filter(operation="create_booking").count() == PAIRS


def _times_taken() -> list[int]:
    return list(BatchLine.objects.order_by("number").values_list("claims", flat=True))


@contextmanager
def doomed(place: str, times: int, *, now: datetime) -> Iterator["subprocess.Popen[str]"]:
    changes = {
        "DATABASE_URL": _database(),
        "MOVMO_USER_RATE": "1000000",
        "MOVMO_USER_BURST": "1000000",
        "MOVMO_USAGE_SECONDS": "0",
        "MOVMO_WAIT_SECONDS": "0",
    }
    command = [sys.executable, "-m", "tests.partners.batch_worker", place, str(times), now.isoformat()]
    process = subprocess.Popen(
        command, env={**os.environ, **changes}, cwd=env.BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _first_word(worker: "subprocess.Popen[str]") -> str:
    """Of a worker that says nothing for too long, nothing: it is killed, and its pipe ends."""
    too_long = Timer(PATIENCE, worker.kill)
    too_long.start()
    try:
        assert worker.stdout is not None
        return next((line.strip() for line in worker.stdout if line.strip() == HERE), "")
    finally:
        too_long.cancel()
