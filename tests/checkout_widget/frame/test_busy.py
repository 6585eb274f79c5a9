"""What somebody else holds at the moment: the traveler is asked to try again, and nothing is half done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from bookings.booking.models import Booking
from checkout_widget.frame.access import FRAGMENT
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.watching import QUIET
from movmo.kit import clock
from movmo.kit.clock import stopped_at
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.checkout_widget.frame.frames import Frame
from tests.checkout_widget.frame.person import Person
from tests.operations.together import wait_for_locks, while_another_holds

BUSY = "This is still being worked on. Nothing is booked twice. Wait a moment, then try again."


@pytest.fixture
def impatient(transactional_db: None) -> Iterator[None]:
    wait_for_locks(100)
    yield
    connection.close()  # and with it how long it waits


@contextmanager
def locked(statement: str) -> Iterator[None]:
    """Whatever begins so finds a lock that is not to be had in time."""

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(statement):
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        yield


def touch(checkout: Checkout) -> None:
    CheckoutSession.objects.filter(pk=checkout.id).update(updated_at=clock.now())


class TestAnotherHolds:
    """The session's row; where there are no locks of rows, all of the database."""

    pytestmark = pytest.mark.usefixtures("impatient", "vault_is_up")

    def test_a_yes_books_nothing_and_the_next_one_does(self, checkouts: Checkouts) -> None:
        checkout = checkouts.ready()
        checkout.world.card()
        ana = Person(checkout, Client())
        ana.step()
        while_another_holds(lambda: touch(checkout), ana.confirms)
        assert ana.status == 409
        assert "still being worked on" in ana.says()
        assert (checkout.state, checkout.attempts, Booking.objects.count()) == ("ready", [], 0)
        ana.step()
        assert "You are booked" in ana.confirms()
        assert Booking.objects.count() == 1

    def test_a_passenger_is_put_on_their_seat_by_the_next_try(self, checkouts: Checkouts) -> None:
        checkout = checkouts.arrived()
        passenger = checkout.world.passenger()
        ana = Person(checkout, Client())
        ana.step()
        seat = {"slot_id": ana.value("slot_id"), "passenger_id": str(passenger.passenger_id)}
        while_another_holds(lambda: touch(checkout), lambda: ana.posts("slots", **seat))
        assert ana.status == 409
        assert "still being worked on" in ana.says()
        assert checkout.state == "authenticated"
        ana.posts("slots", **seat)
        assert (ana.status, checkout.state) == (200, "ready")

    def test_a_claim_leaves_the_frame_before_as_it_is(self, checkouts: Checkouts) -> None:
        checkout = checkouts.open()
        before = Frame(checkout).claimed()
        after = Frame(checkout)
        busy = while_another_holds(lambda: touch(checkout), after.claim)
        assert (busy.status_code, busy.json()["code"], busy.headers["Retry-After"]) == (409, "contended", "1")
        assert before.get("step").status_code == 200
        after.claimed()
        assert before.get("step").status_code == 401


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("vault_is_up")
class TestLocked:
    """At one statement, in the middle of it all."""

    @pytest.mark.parametrize("statement", ['UPDATE "checkout_session"', 'INSERT INTO "checkout_attempt"'])
    def test_before_the_yes_is_written_nothing_is_booked(self, ready: Checkout, client: Client, statement: str) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        with locked(statement):
            ana.confirms()
        assert ana.status == 409
        assert BUSY in ana.says()
        assert (ready.state, ready.attempts, Booking.objects.count()) == ("ready", [], 0)
        ana.step()
        assert "You are booked" in ana.confirms()

    def test_it_is_a_fragment_that_says_when_to_come_again(self, ready: Checkout, client: Client) -> None:
        slot, headers = ready.offer().passengers[0], ready.headers
        sent = {"slot_id": str(slot.slot_id), "passenger_id": str(slot.passenger_id)}
        CheckoutSession.objects.filter(pk=ready.id).update(state="authenticated")
        with locked('UPDATE "checkout_session"'):
            answer = client.post(f"{ready.url}/slots", sent, headers=headers)
        assert (answer.status_code, answer.headers["Retry-After"], answer.headers[FRAGMENT]) == (409, "1", "1")
        assert b"still being worked on" in answer.content

    def test_after_the_yes_the_frame_waits_and_its_next_look_goes_on(self, ready: Checkout, client: Client) -> None:
        ready.world.card()
        ana = Person(ready, client)
        ana.step()
        with locked('UPDATE "checkout_attempt"'):
            ana.confirms()
            assert ana.status == 200
            assert "data-locked" in ana.page
            with stopped_at(clock.now() + QUIET):
                ana.gets("status")
            assert ana.status == 200
        assert ready.state == "confirming"
        with stopped_at(clock.now() + 2 * QUIET):
            ana.gets("status")
        assert "You are booked" in ana.step()
        assert (Booking.objects.count(), len(ready.attempts)) == (1, 1)

    def test_whatever_else_is_wrong_with_the_database_is_no_wait(self, ready: Checkout, client: Client) -> None:
        def unplug(execute: Any, sql: str, *rest: Any) -> Any:
            raise OperationalError("server closed the connection unexpectedly")

        headers = ready.headers
        with pytest.raises(OperationalError), connection.execute_wrapper(unplug):
            client.get(f"{ready.url}/step", headers=headers)
