"""delete_passenger_profile: soft, and final for whoever asks."""

import pytest

from bookings.booking.schemas import BookingView
from bookings.booking.services import PassengerMissing
from bookings.passenger.identity_document.models import IdentityDocument
from bookings.passenger.models import Passenger
from bookings.passenger.schemas import PassengerList, PassengerView
from movmo.kit.errors import NotFound
from movmo.operations.context import Caller
from tests.contract.world import PASSPORT, World, view_of

pytestmark = pytest.mark.django_db


def deleted(world: World) -> PassengerView:
    person = world.passenger()
    world.call("delete_passenger_profile", passenger_id=str(person.passenger_id))
    return person


def test_a_deleted_passenger_is_in_no_list_and_not_found(world: World) -> None:
    person = deleted(world)
    assert view_of(PassengerList, world.call("get_passengers_profile")).data == []
    for name in ("get_passenger", "delete_passenger_profile", "list_identity_documents"):
        with pytest.raises(NotFound):
            world.call(name, passenger_id=str(person.passenger_id))
    with pytest.raises(NotFound):
        world.call("create_identity_document", passenger_id=str(person.passenger_id), **PASSPORT)


def test_the_documents_go_with_the_passenger(world: World) -> None:
    document, other = world.document(), world.document()
    world.call("delete_passenger_profile", passenger_id=str(document.passenger_id))
    assert [kept.pk for kept in IdentityDocument.objects.all()] == [other.document_id]


def test_the_row_stays(world: World) -> None:
    assert Passenger.objects.get(pk=deleted(world).passenger_id).deleted_at is not None


def test_a_booked_passenger_stays_readable_in_the_booking(world: World) -> None:
    booking = world.booking()
    world.call("delete_passenger_profile", passenger_id=str(booking.passengers[0].passenger_id))
    again = view_of(BookingView, world.call("get_booking", booking_id=str(booking.booking_id)))
    assert again.passengers == booking.passengers


def test_a_deleted_passenger_is_not_booked(world: World) -> None:
    offer = world.mapped_offer()
    for person in view_of(PassengerList, world.call("get_passengers_profile")).data:
        world.call("delete_passenger_profile", passenger_id=str(person.passenger_id))
    with pytest.raises(PassengerMissing):
        world.book(offer)


def test_another_travelers_passenger_is_not_found(world: World, bo_at_aviare: Caller) -> None:
    person = World(bo_at_aviare).passenger()
    with pytest.raises(NotFound):
        world.call("delete_passenger_profile", passenger_id=str(person.passenger_id))
    assert Passenger.objects.get().deleted_at is None
