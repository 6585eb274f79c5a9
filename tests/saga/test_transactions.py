"""A provider is never called inside a transaction: planted, and caught."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection, transaction

from bookings.booking.models import Booking
from bookings.booking.schemas import CreateBooking
from bookings.booking.states import State
from bookings.providers import registry
from bookings.providers.sandbox.airline import Airline
from bookings.providers.transport import CalledInTransaction, refuse_in_transaction
from movmo.kit.errors import Internal
from movmo.operations.context import Context
from movmo.operations.dispatch import dispatch
from tests.contract.arguments import arguments_for
from tests.contract.world import World, booking_of, new_key, the
from tests.saga.airline import ScriptedAirline
from tests.saga.trip import Trip


@pytest.mark.django_db
def test_a_handler_that_calls_the_provider_in_its_transaction_is_caught(trip: Trip) -> None:
    def reserve_and_look(ctx: Context, request: CreateBooking) -> None:
        """Reserve and ask the provider at once

        As nobody should.
        """
        registry.provider("sandbox").find_order("any", now=ctx.now)

    planted = replace(the("create_booking"), handler=reserve_and_look)
    with pytest.raises(Internal) as caught:
        dispatch(planted, trip.world.caller, booking_of(trip.offer), new_key())
    assert isinstance(caught.value.__cause__, CalledInTransaction)
    assert trip.airline.asked == 0


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["search_flights"])
def test_an_operation_called_in_somebody_s_transaction_reaches_no_provider(world: World, name: str) -> None:
    with transaction.atomic(), pytest.raises(Internal) as caught:
        world.call(name, **arguments_for(name, world))
    assert isinstance(caught.value.__cause__, CalledInTransaction)


@pytest.mark.django_db
def test_the_saga_refuses_to_run_in_somebody_s_transaction(trip: Trip) -> None:
    with transaction.atomic():
        assert isinstance(trip.book(), Internal)
    assert trip.airline.sent == []


@pytest.mark.django_db
def test_a_test_s_own_transaction_does_not_count() -> None:
    assert connection.in_atomic_block
    refuse_in_transaction()


@pytest.mark.django_db(transaction=True)
def test_while_the_airline_answers_no_transaction_is_open_and_the_claim_is_committed(
    world: World, install_airline: Callable[[Airline], None], trip: Trip
) -> None:
    seen: list[tuple[bool, str]] = []
    airline = ScriptedAirline()
    airline.before_answering = lambda: seen.append((connection.in_atomic_block, Booking.objects.get().state))
    install_airline(airline)
    trip.book()
    assert seen == [(False, State.SUBMITTING)]
