"""get_offer_details, and who may see an offer. Whoever may not is told that there is none."""

from typing import Any

import pytest

from bookings.offer.schemas import OfferView
from movmo.kit.errors import NotFound
from movmo.kit.ids import new_id
from movmo.operations.context import Caller
from tests.conftest import StoppedClock
from tests.contract.world import World, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def unclaimed(aviare_alone: Caller) -> OfferView:
    """Submitted with aviare's key; no traveler is known yet."""
    return World(aviare_alone).offer()


@pytest.fixture
def claimed(world: World, unclaimed: OfferView) -> OfferView:
    """ana, who came through aviare, has put a passenger on it."""
    world.map(unclaimed, 0, world.passenger())
    return unclaimed


def sees(caller: Caller, offer: OfferView, **changes: Any) -> bool:
    arguments = {"provider": "sandbox", "offer_id": str(offer.offer_id), **changes}
    try:
        World(caller).call("get_offer_details", **arguments)
    except NotFound as refusal:
        assert refusal.facts == {"what": "offer"}
        return False
    return True


def test_an_unclaimed_offer_is_seen_through_its_partner_only(
    unclaimed: OfferView,
    aviare_alone: Caller,
    kestrel_alone: Caller,
    ana_at_aviare: Caller,
    bo_at_aviare: Caller,
    ana_at_kestrel: Caller,
    ana_by_scout: Caller,
) -> None:
    assert [sees(one, unclaimed) for one in (aviare_alone, ana_at_aviare, bo_at_aviare)] == [True] * 3
    assert [sees(one, unclaimed) for one in (kestrel_alone, ana_at_kestrel, ana_by_scout)] == [False] * 3


def test_a_claimed_offer_is_seen_by_its_traveler_over_every_door_and_by_the_key_that_made_it(
    claimed: OfferView,
    aviare_alone: Caller,
    ana_at_aviare: Caller,
    ana_at_kestrel: Caller,
    ana_by_scout: Caller,
) -> None:
    assert all(sees(one, claimed) for one in (aviare_alone, ana_at_aviare, ana_at_kestrel, ana_by_scout))


def test_a_claimed_offer_is_not_there_for_anybody_else(
    claimed: OfferView, kestrel_alone: Caller, bo_at_aviare: Caller, bo_by_scout: Caller
) -> None:
    assert not any(sees(one, claimed) for one in (kestrel_alone, bo_at_aviare, bo_by_scout))


def test_an_agent_s_offer_is_not_there_for_partners(
    ana_by_scout: Caller, ana_at_aviare: Caller, aviare_alone: Caller
) -> None:
    offer = World(ana_by_scout).offer()
    assert sees(ana_at_aviare, offer)
    assert not sees(aviare_alone, offer)


def test_under_another_provider_s_name_it_is_not_there(unclaimed: OfferView, aviare_alone: Caller) -> None:
    assert not sees(aviare_alone, unclaimed, provider="duffel")


def test_an_id_that_nobody_gave_out_is_not_there(unclaimed: OfferView, aviare_alone: Caller) -> None:
    assert not sees(aviare_alone, unclaimed, offer_id=str(new_id()))


def test_the_details_say_who_is_on_each_slot(world: World, claimed: OfferView) -> None:
    answer = world.call("get_offer_details", provider="sandbox", offer_id=str(claimed.offer_id))
    assert all(slot.passenger_id for slot in view_of(OfferView, answer).passengers)


def test_an_offer_past_its_time_shows_as_expired(world: World, clock: StoppedClock) -> None:
    offer = world.offer()
    clock.forward(minutes=30)
    answer = world.call("get_offer_details", provider="sandbox", offer_id=str(offer.offer_id))
    assert view_of(OfferView, answer).status == "expired"


def test_a_booked_offer_shows_as_consumed(world: World) -> None:
    booking = world.booking()
    answer = world.call("get_offer_details", provider="sandbox", offer_id=str(booking.offer_id))
    assert view_of(OfferView, answer).status == "consumed"


def test_fares_and_penalties_are_shown_by_slot(world: World) -> None:
    offer = world.offer("ADT", "CHD", holdable=True)
    (segment,) = offer.slices[0].segments
    assert {fare.slot_id for fare in segment.passengers} == {slot.slot_id for slot in offer.passengers}
    assert offer.conditions.changeable.allowed == "true"
    assert offer.conditions.changeable.penalty is not None
    assert offer.conditions.refundable.allowed == "false"
