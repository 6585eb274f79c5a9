"""update_passenger_profile: a full replacement, and what it leaves alone."""

from typing import Any

import pytest

from bookings.booking.schemas import BookingView
from bookings.passenger.names import NameInvalid
from bookings.passenger.schemas import PassengerView
from movmo.kit.errors import InvalidArguments, NotFound
from movmo.operations.context import Caller
from tests.contract.world import World, view_of

pytestmark = pytest.mark.django_db

WHOLE: dict[str, Any] = {
    "given_name": "Ana",
    "family_name": "Silva",
    "birth_date": "1988-04-12",
    "gender": "X",
    "nationality": "PT",
    "email": None,
    "phone_number": None,
    "loyalty_programmes": [{"airline": "TP", "number": "123456789"}],
}


def replaced(world: World, person: PassengerView, **changes: Any) -> PassengerView:
    arguments = {"passenger_id": str(person.passenger_id), **WHOLE, **changes}
    return view_of(PassengerView, world.call("update_passenger_profile", **arguments))


def test_every_field_is_replaced(world: World) -> None:
    person = world.passenger(email="old@example.com", nationality="NL")
    after = replaced(world, person)
    told = after.model_dump(mode="json", include=set(WHOLE))
    assert told == WHOLE
    assert view_of(PassengerView, world.call("get_passenger", passenger_id=str(person.passenger_id))) == after


@pytest.mark.parametrize("field", sorted(WHOLE))
def test_a_missing_field_is_named(world: World, field: str) -> None:
    person, rest = world.passenger(), {name: value for name, value in WHOLE.items() if name != field}
    with pytest.raises(InvalidArguments) as caught:
        world.call("update_passenger_profile", passenger_id=str(person.passenger_id), **rest)
    assert set(caught.value.fields) == {f"/{field}"}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"nationality": "XX"}, "/nationality"),
        ({"nationality": "nl"}, "/nationality"),
        ({"email": "аna@example.com"}, "/email"),  # the first letter is Cyrillic
        ({"email": "ana@exämple.com"}, "/email"),
        ({"phone_number": "0151 123"}, "/phone_number"),
        ({"birth_date": "2999-01-01"}, "/birth_date"),
        ({"loyalty_programmes": [{"airline": "KL", "number": "1 2"}]}, "/loyalty_programmes/0/number"),
        ({"loyalty_programmes": [{"airline": "KL", "number": "12345"}] * 2}, "/loyalty_programmes"),
        ({"given_name": "A" * 200}, "/given_name"),
    ],
)
def test_a_malformed_field_is_named(world: World, changes: dict[str, Any], pointer: str) -> None:
    person = world.passenger()
    with pytest.raises(InvalidArguments) as caught:
        replaced(world, person, **changes)
    assert set(caught.value.fields) == {pointer}


@pytest.mark.parametrize("name", ["R2D2", "Ana2", "😀", "Ana😀", "4ever", "Ana_", "Ana@"])
def test_a_name_that_no_document_carries_is_refused(world: World, name: str) -> None:
    person = world.passenger()
    with pytest.raises(NameInvalid) as caught:
        replaced(world, person, family_name=name)
    assert set(caught.value.fields) == {"/family_name"}


def test_another_travelers_passenger_is_not_found(world: World, bo_at_aviare: Caller) -> None:
    person = World(bo_at_aviare).passenger()
    with pytest.raises(NotFound):
        replaced(world, person)


def test_a_booking_keeps_the_person_as_booked(world: World) -> None:
    booking = world.booking()
    before = booking.passengers[0]
    arguments = {**WHOLE, "passenger_id": str(before.passenger_id)}
    world.call("update_passenger_profile", **arguments)
    again = view_of(BookingView, world.call("get_booking", booking_id=str(booking.booking_id)))
    assert again.passengers == [before]
