"""update_passenger"""

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from bookings.offer.models import Offer, OfferSlot
from bookings.offer.party import InfantTurnsTwo, PassengerTypeMismatch
from bookings.offer.schemas import OfferView
from bookings.offer.services import OfferStale, PassengerAlreadyMapped
from bookings.passenger.models import Passenger
from movmo.kit.errors import NotFound
from movmo.kit.ids import new_id
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer
from tests.conftest import StoppedClock
from tests.contract.world import World, departure_date, view_of
from tests.operations.together import together


@pytest.fixture(autouse=True)
def stopped(clock: StoppedClock) -> None:
    """Every offer of these tests is fresh."""


@pytest.fixture
def bo_s_world(bo_at_aviare: Caller) -> World:
    return World(bo_at_aviare)


def mapped(offer: OfferView) -> list[str]:
    rows = OfferSlot.objects.filter(offer_id=offer.offer_id).order_by("position")
    return [str(row.passenger_id) for row in rows]


@pytest.mark.django_db
class TestMapping:
    def test_each_slot_takes_a_passenger_until_none_is_empty(self, world: World) -> None:
        offer = world.offer("ADT", "CHD")
        first = view_of(OfferView, world.map(offer, 0, world.passenger("ADT")))
        second = view_of(OfferView, world.map(offer, 1, world.passenger("CHD")))
        assert [slot.passenger_id is None for slot in first.passengers] == [False, True]
        assert all(slot.passenger_id for slot in second.passengers)

    def test_a_slot_may_be_mapped_again(self, world: World) -> None:
        offer, ana, bea = world.offer(), world.passenger(), world.passenger()
        world.map(offer, 0, ana)
        world.map(offer, 0, bea)
        assert mapped(offer) == [str(bea.passenger_id)]

    def test_mapping_the_same_passenger_again_changes_nothing(self, world: World) -> None:
        offer, ana = world.offer(), world.passenger()
        world.map(offer, 0, ana)
        world.map(offer, 0, ana)
        assert mapped(offer) == [str(ana.passenger_id)]

    def test_nobody_sits_on_two_slots(self, world: World) -> None:
        offer, ana = world.offer("ADT", "ADT"), world.passenger()
        world.map(offer, 0, ana)
        with pytest.raises(PassengerAlreadyMapped):
            world.map(offer, 1, ana)
        assert mapped(offer) == [str(ana.passenger_id), "None"]

    def test_somebody_of_another_type_is_refused(self, world: World) -> None:
        offer = world.offer()
        with pytest.raises(PassengerTypeMismatch):
            world.map(offer, 0, world.passenger("CHD"))
        assert mapped(offer) == ["None"]

    def test_an_infant_that_is_two_by_then_is_refused(self, world: World) -> None:
        offer = world.offer("ADT", "INF")
        two_by_then = departure_date().replace(year=departure_date().year - 2)
        toddler = world.passenger(birth_date=two_by_then.isoformat())
        with pytest.raises((InfantTurnsTwo, PassengerTypeMismatch)):
            world.map(offer, 1, toddler)

    def test_an_expired_offer_takes_nobody(self, world: World, clock: StoppedClock) -> None:
        offer, ana = world.offer(), world.passenger()
        clock.forward(minutes=30)
        with pytest.raises(OfferStale):
            world.map(offer, 0, ana)

    def test_a_booked_offer_takes_nobody(self, world: World) -> None:
        offer = world.mapped_offer()
        world.book(offer)
        with pytest.raises(OfferStale):
            world.map(offer, 0, world.passenger())


@pytest.mark.django_db
class TestNotFound:
    def refusal(self, world: World, **changes: Any) -> NotFound:
        offer, ana = world.offer(), world.passenger()
        arguments = {
            "offer_id": str(offer.offer_id),
            "slot_id": str(offer.passengers[0].slot_id),
            "passenger_id": str(ana.passenger_id),
            **changes,
        }
        with pytest.raises(NotFound) as caught:
            world.call("update_passenger", provider="sandbox", **arguments)
        return caught.value

    def test_a_passenger_of_another_traveler(self, world: World, bo_s_world: World) -> None:
        theirs = bo_s_world.passenger()
        assert self.refusal(world, passenger_id=str(theirs.passenger_id)).facts == {"what": "passenger"}

    def test_a_deleted_passenger(self, world: World) -> None:
        gone = world.passenger()
        Passenger.objects.filter(pk=gone.passenger_id).update(deleted_at=timezone.now())
        assert self.refusal(world, passenger_id=str(gone.passenger_id)).facts == {"what": "passenger"}

    def test_a_slot_of_another_offer(self, world: World) -> None:
        other = world.offer()
        assert self.refusal(world, slot_id=str(other.passengers[0].slot_id)).facts == {"what": "slot"}

    def test_an_offer_of_another_traveler(self, world: World, bo_s_world: World) -> None:
        theirs = bo_s_world.offer()
        assert self.refusal(world, offer_id=str(theirs.offer_id)).facts == {"what": "offer"}

    @pytest.mark.parametrize("field", ["offer_id", "slot_id", "passenger_id"])
    def test_an_id_that_nobody_gave_out(self, world: World, field: str) -> None:
        self.refusal(world, **{field: str(new_id())})


@pytest.mark.django_db
class TestClaiming:
    def test_the_first_mapping_makes_an_offer_the_traveler_s_own(self, world: World, aviare_alone: Caller) -> None:
        offer = World(aviare_alone).offer()
        world.map(offer, 0, world.passenger())
        assert Offer.objects.get().user_id == world.caller.user_id

    def test_the_next_traveler_does_not_find_it(self, world: World, bo_s_world: World, aviare_alone: Caller) -> None:
        offer = World(aviare_alone).offer()
        world.map(offer, 0, world.passenger())
        with pytest.raises(NotFound):
            bo_s_world.map(offer, 0, bo_s_world.passenger())

    def test_a_mapping_that_is_refused_claims_nothing(self, world: World, aviare_alone: Caller) -> None:
        offer = World(aviare_alone).offer()
        with pytest.raises(PassengerTypeMismatch):
            world.map(offer, 0, world.passenger("CHD"))
        assert Offer.objects.get().user_id is None


@pytest.mark.django_db(transaction=True)
def test_of_two_travelers_at_once_one_gets_the_offer_and_for_the_other_it_is_not_there(
    world: World, bo_s_world: World, aviare_alone: Caller
) -> None:
    offers = [World(aviare_alone).offer() for _ in range(4)]
    people = {one: one.passenger() for one in (world, bo_s_world)}
    for offer in offers:
        outcomes = together(*[partial(one.map, offer, 0, person) for one, person in people.items()])
        assert [type(outcome) for outcome in outcomes if not isinstance(outcome, Answer)] == [NotFound]
        winner = [one for one, outcome in zip(people, outcomes, strict=True) if isinstance(outcome, Answer)]
        assert [one.caller.user_id for one in winner] == [Offer.objects.get(pk=offer.offer_id).user_id]
        assert mapped(offer) == [str(people[winner[0]].passenger_id)]
