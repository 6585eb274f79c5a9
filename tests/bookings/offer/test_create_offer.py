"""create_offer"""

import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest

from bookings.offer import services
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.party import InfantWithoutAdult, TooManyPassengers, UnaccompaniedMinor
from bookings.offer.schemas import OfferStatus, OfferView
from bookings.offer.services import NotBookable, OfferShapeUnknown, OfferStale, new_offer, raw_of
from bookings.providers import registry
from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.registry import ProviderUnknown
from bookings.providers.types import ParsedOffer, PassengerType, SearchQuery, SliceQuery
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.crypto import DecryptionFailed
from movmo.kit.ids import new_id
from movmo.operations.context import Caller
from movmo.operations.models import AuditEvent
from tests.bookings.providers.samples import sample
from tests.conftest import StoppedClock
from tests.contract.world import World, raw_offer, view_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def submit(world: World, raw: dict[str, Any], *, by: Caller | None = None, provider: str = "sandbox") -> OfferView:
    return view_of(OfferView, world.call("create_offer", by=by, provider=provider, offer=raw))


def with_party(*types: str) -> dict[str, Any]:
    """A sample whose passengers are of these types; the segments speak of nobody."""
    raw = sample("one-way-direct")
    raw["passengers"] = [{"id": f"pas_{n}", "type": type_} for n, type_ in enumerate(types)]
    for part in raw["slices"]:
        for segment in part["segments"]:
            segment["passengers"] = []
    return raw


def test_an_offer_is_kept_with_its_slots(world: World) -> None:
    raw = sample("return-with-connection")
    offer = submit(world, raw)
    assert (offer.status, offer.provider_offer_id) == ("active", raw["id"])
    assert offer.total.amount == raw["total_amount"]
    assert [slot.passenger_id for slot in offer.passengers] == [None] * len(raw["passengers"])
    assert Offer.objects.get().user_id == world.caller.user_id


def test_a_bare_key_submits_an_offer_that_nobody_has_claimed(world: World, aviare_alone: Caller) -> None:
    submit(world, raw_offer(), by=aviare_alone)
    kept = Offer.objects.get()
    assert (kept.user_id, kept.partner_id) == (None, aviare_alone.partner_id)


def test_an_agent_s_offer_belongs_to_its_traveler_and_to_no_partner(world: World, ana_by_scout: Caller) -> None:
    submit(world, raw_offer(), by=ana_by_scout)
    kept = Offer.objects.get()
    assert (kept.user_id, kept.partner_id) == (ana_by_scout.user_id, None)


def test_an_unknown_provider_is_not_found(world: World) -> None:
    with pytest.raises(ProviderUnknown):
        submit(world, raw_offer(), provider="montgolfier")


@pytest.mark.parametrize(
    ("damage", "pointer"),
    [
        (lambda raw: raw.pop("slices"), "/offer/slices"),
        (lambda raw: raw["slices"][0]["segments"][0].pop("departing_at"), "/offer/slices/0/segments/0/departing_at"),
        (lambda raw: raw.update(total_amount=412.3), "/offer/total_amount"),
    ],
)
def test_an_unrecognized_shape_is_refused_by_pointer(world: World, damage: Any, pointer: str) -> None:
    raw = sample("one-way-direct")
    damage(raw)
    with pytest.raises(OfferShapeUnknown) as caught:
        submit(world, raw)
    assert list(caught.value.fields) == [pointer]
    assert not Offer.objects.exists()


def test_an_offer_past_its_time_is_stale(world: World, clock: StoppedClock) -> None:
    raw = raw_offer()
    clock.forward(minutes=30)
    with pytest.raises(OfferStale):
        submit(world, raw)
    assert not Offer.objects.exists()


def test_an_offer_without_a_time_of_its_own_lives_by_our_policy(world: World, clock: StoppedClock) -> None:
    content = registry.provider("sandbox").parse_offer(raw_offer()).normalised.model_copy(update={"expires_at": None})
    kept = new_offer(world.caller, "sandbox", ParsedOffer({}, content), offer_id=new_id(), now=clock.now)
    assert kept.expires_at == clock.now + timedelta(minutes=10)
    assert kept.expiry_source == Offer.ExpirySource.POLICY


def test_the_provider_s_own_expiry_is_named_as_such(world: World, clock: StoppedClock) -> None:
    offer = submit(world, raw_offer())
    assert offer.expiry_source == "provider"
    assert offer.expires_at == clock.now + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        (("adult",) * 10, TooManyPassengers),
        (("adult", "infant_without_seat", "infant_without_seat"), InfantWithoutAdult),
        (("child", "child"), UnaccompaniedMinor),
    ],
)
def test_a_party_that_may_not_travel_is_refused(world: World, party: tuple[str, ...], expected: Any) -> None:
    with pytest.raises(expected):
        submit(world, with_party(*party))


def test_more_connections_than_the_provider_takes_are_refused(world: World) -> None:
    raw = sample("return-with-connection")
    part = raw["slices"][-1]
    part["segments"] = [
        part["segments"][0] | {"departing_at": f"2027-06-0{day}T08:00:00", "arriving_at": f"2027-06-0{day}T20:00:00"}
        for day in range(1, 7)
    ]
    with pytest.raises(NotBookable) as caught:
        submit(world, raw)
    assert caught.value.facts["what"] == "more than 4 connections"


def test_a_trip_whose_first_flight_has_left_is_stale(world: World) -> None:
    raw = sample("one-way-direct")
    raw["slices"][0]["segments"][0] |= {"departing_at": "2020-01-01T08:00:00", "arriving_at": "2020-01-01T10:00:00"}
    with pytest.raises(OfferStale, match="its first flight has left"):
        submit(world, raw)


def test_each_lap_infant_gets_an_adult_of_its_own(world: World) -> None:
    slots = submit(world, with_party("adult", "infant_without_seat", "adult", "infant_without_seat")).passengers
    adults = [slot.slot_id for slot in slots if slot.type == "ADT"]
    assert [slot.associated_adult for slot in slots if slot.type == "INF"] == adults


class TestRaw:
    def test_the_provider_s_text_is_kept_encrypted(self, world: World) -> None:
        raw = raw_offer()
        submit(world, raw)
        kept = Offer.objects.get()
        assert raw["id"].encode() not in kept.__dict__["raw"]
        assert raw_of(kept).raw == raw
        assert kept.raw_sha256 == hashlib.sha256(orjson.dumps(raw)).hexdigest()

    def test_the_text_of_another_row_is_refused(self, world: World) -> None:
        here, there = (Offer.objects.get(pk=submit(world, raw_offer()).offer_id) for _ in range(2))
        Offer.objects.filter(pk=there.pk).update(raw=here.__dict__["raw"])
        with pytest.raises(DecryptionFailed):
            raw_of(Offer.objects.get(pk=there.pk))

    def test_the_audit_trail_knows_nothing_of_it(self, world: World) -> None:
        raw = raw_offer()
        submit(world, raw)
        assert raw["id"] not in repr(list(AuditEvent.objects.values()))


def test_an_offer_and_its_slot_read_as_what_they_are(world: World) -> None:
    raw = raw_offer()
    submit(world, raw)
    assert str(Offer.objects.get()) == f"sandbox {raw['id']}"
    assert str(OfferSlot.objects.get()) == "ADT 0"


def test_of_two_who_read_an_offer_as_active_the_second_to_take_it_hears_that_it_is_gone(world: World) -> None:
    offer_id = submit(world, raw_offer()).offer_id
    early, late = (Offer.objects.get(pk=offer_id) for _ in range(2))
    traveler = world.caller.user_id
    assert traveler is not None
    services.consume(early, user_id=traveler)
    with pytest.raises(OfferStale):
        services.consume(late, user_id=traveler)


def test_an_offer_that_failed_for_good_is_released_as_refused(world: World) -> None:
    offer = Offer.objects.get(pk=submit(world, raw_offer()).offer_id)
    assert offer.user_id is not None
    services.consume(offer, user_id=offer.user_id)
    services.release(offer.pk, still_valid=False)
    offer.refresh_from_db()
    assert offer.status == OfferStatus.REFUSED


def test_no_offer_outlives_its_first_flight(world: World, clock: StoppedClock) -> None:
    query = SearchQuery((SliceQuery("AMS", "LIS", clock.now.date()),), (PassengerType.ADULT,))
    departing = parse_offer(SandboxAirline().search(query, now=clock.now)[0]).normalised.segments[0].departing.utc
    clock.set(departing - timedelta(minutes=5))
    last_minute = next(
        raw
        for raw in SandboxAirline().search(query, now=clock.now)
        if parse_offer(raw).normalised.segments[0].departing.utc == departing
    )
    offer = submit(world, last_minute)
    assert (offer.status, offer.expires_at, offer.expiry_source) == ("active", departing, "policy")
    clock.set(departing)
    with pytest.raises(OfferStale):
        world.book(offer)
