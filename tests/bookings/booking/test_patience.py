"""How long a call waits for its airline, in real threads: nothing is lost, asked for twice or left open."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx2
import pytest
from django.db import connection
from structlog.testing import capture_logs

from bookings.booking import patience, sweeping
from bookings.booking.models import Booking
from bookings.booking.schemas import BookingView
from bookings.booking.states import State
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import OrderRequest, OrderStatus, ProviderOrder
from movmo.accounts.models import User
from movmo.asgi import application
from movmo.kit import clock
from movmo.kit.money import Money
from movmo.operations.idempotency import IdempotencyInProgress
from movmo.operations.scopes import SCOPES
from partners.partner.models import Partner
from tests import factories
from tests.bookings.booking.changing_airline import ChangingAirline
from tests.contract.world import World, booking_of, new_key, view_of
from tests.live import live_server

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = 0.3
LONG = 20


class SlowAirline(ChangingAirline):
    """Answers nobody until its desk `opens`."""

    def __init__(self) -> None:
        super().__init__()
        self.opens = threading.Event()
        self.called = threading.Event()
        self.sent = 0

    def confirm_hold(self, order_id: str, *, total: Money, now: datetime) -> ProviderOrder:
        assert self.opens.wait(LONG)
        self.says(status=OrderStatus.CONFIRMED, payment_required_by=None)
        self.issues_tickets()
        assert self.order is not None
        return self.order

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        self.sent += 1
        self.called.set()
        assert self.opens.wait(LONG)
        placed = super().place_order(order, now=now)
        if order.hold:
            return placed
        self.issues_tickets()
        assert self.order is not None
        return self.order


@pytest.fixture
def airline(install_airline: Callable[[Airline], None], settings: Any) -> Iterator[SlowAirline]:
    airline = SlowAirline()
    install_airline(airline)
    settings.MOVMO_WAIT_SECONDS = WAIT
    yield airline
    airline.opens.set()
    patience.close()


@pytest.fixture
def one_thread(airline: SlowAirline, settings: Any) -> None:
    patience.close()
    settings.MOVMO_WAIT_THREADS = 1


class TestWithinTheBudget:
    def test_what_is_decided_in_time_is_the_answer(self, world: World, airline: SlowAirline) -> None:
        airline.opens.set()
        answer = world.book(world.mapped_offer())
        assert (answer.status, view_of(BookingView, answer).status) == (201, State.TICKETED)

    def test_what_is_raised_in_time_is_raised(self, airline: SlowAirline) -> None:
        with pytest.raises(ZeroDivisionError):
            patience.within_budget(lambda: 1 // 0)

    def test_a_time_out_of_the_call_s_own_is_not_taken_for_the_budget_s(self, airline: SlowAirline) -> None:
        def times_out() -> None:
            raise TimeoutError

        with pytest.raises(TimeoutError):
            patience.within_budget(times_out)

    def test_without_a_budget_the_caller_s_own_thread_does_it(self, settings: Any) -> None:
        settings.MOVMO_WAIT_SECONDS = 0
        assert patience.within_budget(threading.get_ident) == threading.get_ident()

    def test_with_one_it_is_another_thread_with_a_connection_of_its_own(self, airline: SlowAirline) -> None:
        def used() -> int:
            connection.ensure_connection()
            return id(connection.connection)

        connection.ensure_connection()
        assert patience.within_budget(used) != id(connection.connection)


class TestBeyondTheBudget:
    def test_the_call_answers_and_its_thread_writes_the_outcome_down(self, world: World, airline: SlowAirline) -> None:
        offer, key = world.mapped_offer(), new_key()
        answer = world.book(offer, key=key)
        booking = view_of(BookingView, answer)
        assert (answer.status, booking.status) == (202, State.SUBMITTING)
        with pytest.raises(IdempotencyInProgress):
            world.book(offer, key=key)
        airline.opens.set()
        patience.close()
        read = view_of(BookingView, world.call("get_booking", booking_id=str(booking.booking_id)))
        assert (read.status, read.record_locator, airline.sent) == (State.TICKETED, "BCDFGH", 1)
        replayed = world.book(offer, key=key)
        assert (replayed.status, replayed.replayed, view_of(BookingView, replayed)) == (202, True, read)

    def test_rest_says_202_and_where_and_when_to_ask(
        self, world: World, airline: SlowAirline, ana: User, aviare: Partner
    ) -> None:
        arguments = booking_of(world.mapped_offer())
        path = f"/v1/flights/providers/{arguments.pop('provider')}/bookings"
        own = factories.application("aviare-web", of=aviare)
        headers = {
            "x-api-key": factories.api_key(aviare),
            "authorization": f"Bearer {factories.token(ana, sorted(SCOPES), own)}",
            "idempotency-key": new_key(),
        }
        with live_server(application) as origin, httpx2.Client(base_url=origin, headers=headers, timeout=LONG) as http:
            accepted = http.post(path, json=arguments)
            assert (accepted.status_code, accepted.headers["retry-after"]) == (202, "2")
            assert accepted.json()["status"] == "submitting"
            airline.opens.set()
            patience.close()
            assert http.get(accepted.headers["location"]).json()["record_locator"] == "BCDFGH"

    def test_what_is_asked_of_a_live_order_is_no_different(self, world: World, airline: SlowAirline) -> None:
        airline.opens.set()
        hold = view_of(BookingView, world.book(world.mapped_offer(holdable=True), mode="hold"))
        airline.opens.clear()
        asked = {"booking_id": str(hold.booking_id), "expected_total": hold.total.model_dump()}
        answer = world.call("confirm_hold", key=(key := new_key()), **asked)
        assert (answer.status, view_of(BookingView, answer).status) == (202, State.CONFIRMING)
        with pytest.raises(IdempotencyInProgress):
            world.call("confirm_hold", key=key, **asked)
        airline.opens.set()
        patience.close()
        assert Booking.objects.get().state == State.TICKETED

    def test_a_failure_that_nobody_waits_for_any_more_is_in_the_log(self, airline: SlowAirline) -> None:
        def fails_late() -> None:
            airline.opens.wait(LONG)
            raise RuntimeError("too late to be raised")

        with capture_logs() as lines:
            assert patience.within_budget(fails_late) is None
            airline.opens.set()
            patience.close()
        assert [line["event"] for line in lines] == ["patience.call_failed"]


@pytest.mark.usefixtures("one_thread")
class TestEveryThreadIsTaken:
    def test_what_has_not_begun_never_begins_and_the_workers_do_it(self, world: World, airline: SlowAirline) -> None:
        first, second = world.mapped_offer(), world.mapped_offer()
        world.book(first)
        assert airline.called.is_set()
        answer = world.book(second)
        waiting = view_of(BookingView, answer)
        assert (answer.status, waiting.status) == (202, State.RESERVED)
        airline.opens.set()
        patience.close()
        assert Booking.objects.get(pk=waiting.booking_id).state == State.RESERVED
        assert airline.sent == 1
        sweeping.drive(waiting.booking_id, clock=clock.now)
        assert (Booking.objects.get(pk=waiting.booking_id).state, airline.sent) == (State.TICKETED, 2)

    def test_what_begins_in_time_is_waited_for(self, world: World, airline: SlowAirline, settings: Any) -> None:
        settings.MOVMO_WAIT_SECONDS = LONG
        threading.Timer(WAIT, airline.opens.set).start()
        assert patience.within_budget(lambda: airline.opens.wait(LONG)) is True


class TestTheEnd:
    def test_no_connection_is_left_open(self, world: World, airline: SlowAirline) -> None:
        world.book(world.mapped_offer())
        threads = patience._threads
        assert threads is not None
        airline.opens.set()
        patience.close()
        assert [one.connection for one in threads._connections] == [None] * len(threads._connections)
        assert Booking.objects.get().state == State.TICKETED

    def test_after_it_a_call_begins_anew(self, airline: SlowAirline) -> None:
        patience.close()
        assert patience.within_budget(lambda: "done") == "done"

    def test_a_process_that_ends_hears_the_airline_out(self) -> None:
        ending = (
            "import django, time; django.setup()\n"
            "from django.conf import settings; settings.MOVMO_WAIT_SECONDS = 0.1\n"
            "from bookings.booking import patience\n"
            "def slow():\n"
            "    time.sleep(0.5); print('written down', flush=True)\n"
            "print(patience.within_budget(slow), flush=True)\n"
        )
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "movmo.settings"}
        ended = subprocess.run(
            [sys.executable, "-c", ending], env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        assert ended.stdout.splitlines() == ["None", "written down"]
