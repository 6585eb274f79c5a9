"""Live keys reach live providers, test keys the sandbox; neither sees what the other bought.

Kite Air is a second provider, and not a sandbox. It flies what the built-in airline flies.
"""

from dataclasses import replace
from typing import Any

import pytest

from bookings.booking.models import Booking
from bookings.booking.schemas import BookingList, BookingView
from bookings.catalogue.modes import ProviderNotForKey
from bookings.catalogue.schemas import CapabilitiesView, ProviderList
from bookings.offer.models import Offer
from bookings.offer.schemas import OfferView, SearchResults
from bookings.providers import registry
from bookings.providers.errors import OutcomeUnknown
from bookings.providers.registry import ProviderUnknown
from bookings.providers.sandbox.adapter import SandboxProvider
from bookings.providers.types import Capabilities, OrderRequest, ProviderOrder
from bookings.sandbox_airline.models import SandboxOrder
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.errors import Kind, NotFound
from movmo.operations.context import Caller, Door
from movmo.operations.models import IdempotencyRecord
from movmo.operations.spec import Operation
from tests.contract.arguments import ARGUMENTS, arguments_for
from tests.contract.registry import EVERY_OPERATION
from tests.contract.world import World, departure_date, raw_offer, view_of

pytestmark = pytest.mark.django_db

KITE = "kite"
NAMING_A_PROVIDER = [one for one in EVERY_OPERATION if "provider" in one.request_model.model_fields]


class KiteAir(SandboxProvider):
    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, provider=KITE, name="Kite Air", sandbox=False)


class SilentKiteAir(KiteAir):
    """Takes an order and is not heard of again."""

    def book(self, order: OrderRequest, **_: Any) -> ProviderOrder:
        raise OutcomeUnknown("no answer")

    def find_order(self, client_reference: str, **_: Any) -> ProviderOrder | None:
        raise OutcomeUnknown("no answer")


@pytest.fixture(autouse=True)
def kite_air(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, KiteAir)


def install(monkeypatch: pytest.MonkeyPatch, kind: type[KiteAir]) -> None:
    parse = registry.provider("sandbox").parse_offer
    monkeypatch.setitem(registry._providers, KITE, kind(airline=SandboxAirline(), parse=parse))


@pytest.fixture
def live(ana_at_aviare: Caller) -> Caller:
    """ana at aviare, with aviare's live key; `ana_at_aviare` comes with a test key."""
    return replace(ana_at_aviare, is_live_key=True)


@pytest.fixture
def live_world(live: Caller) -> World:
    return World(live)


def kite_offer(world: World) -> OfferView:
    """An offer of Kite Air's with ana's passenger on its slot."""
    offer = view_of(OfferView, world.call("create_offer", provider=KITE, offer=raw_offer()))
    place: dict[str, Any] = {"provider": KITE, "offer_id": str(offer.offer_id)}
    slot, person = offer.passengers[0].slot_id, world.passenger().passenger_id
    return view_of(OfferView, world.call("update_passenger", **place, slot_id=str(slot), passenger_id=str(person)))


def kite_booking(world: World, **changes: Any) -> BookingView:
    return view_of(BookingView, world.book(kite_offer(world), **changes))


def names(world: World, by: Caller) -> list[str]:
    return [one.provider for one in view_of(ProviderList, world.call("list_providers", by=by)).data]


def refusal(world: World, name: str, /, **arguments: Any) -> ProviderNotForKey:
    """Of a call that changed nothing."""
    before = stored()
    with pytest.raises(ProviderNotForKey) as caught:
        world.call(name, **arguments)
    assert stored() == before
    assert caught.value.kind is Kind.FORBIDDEN
    return caught.value


def stored() -> list[Any]:
    models = (Offer, Booking, IdempotencyRecord)
    return [sorted(map(str, model.objects.values_list())) for model in models]


def search(world: World, **changes: Any) -> SearchResults:
    return view_of(SearchResults, world.call("search_flights", **flight_to_lisbon(), **changes))


def flight_to_lisbon() -> dict[str, Any]:
    return {"slices": [{"origin": "AMS", "destination": "LIS", "departure_date": departure_date().isoformat()}]}


class TestEveryOperationThatNamesAProvider:
    @pytest.mark.parametrize("operation", NAMING_A_PROVIDER, ids=lambda operation: operation.name)
    def test_refuses_the_sandbox_to_a_live_key(self, operation: Operation, world: World, live: Caller) -> None:
        arguments = {**arguments_for(operation.name, world), "provider": "sandbox"}
        refused = refusal(world, operation.name, by=live, **arguments)
        assert refused.facts == {"provider": "sandbox", "called_with": "with a live key", "reached": [KITE]}

    @pytest.mark.parametrize("operation", NAMING_A_PROVIDER, ids=lambda operation: operation.name)
    def test_refuses_live_providers_to_a_test_key(self, operation: Operation, world: World) -> None:
        arguments = {**arguments_for(operation.name, world), "provider": KITE}
        refused = refusal(world, operation.name, **arguments)
        assert refused.facts == {"provider": KITE, "called_with": "with a test key", "reached": ["sandbox"]}

    @pytest.mark.parametrize("operation", NAMING_A_PROVIDER, ids=lambda operation: operation.name)
    def test_declares_the_refusal(self, operation: Operation) -> None:
        assert ProviderNotForKey in operation.errors

    def test_is_here(self) -> None:
        """The rest of the registry names no provider, or reads what is kept."""
        rest = set(ARGUMENTS) - {operation.name for operation in NAMING_A_PROVIDER}
        assert {"search_flights", "create_offer", "create_booking"}.isdisjoint(rest)


class TestCatalogue:
    def test_each_key_is_told_of_the_providers_it_reaches(
        self, world: World, live: Caller, aviare_alone: Caller
    ) -> None:
        assert names(world, aviare_alone) == ["sandbox"]
        assert names(world, live) == [KITE]

    def test_a_name_that_nobody_has_is_not_found_whatever_the_key(self, world: World, live: Caller) -> None:
        for caller in (world.caller, live):
            with pytest.raises(ProviderUnknown):
                world.call("get_provider_capabilities", by=caller, provider="montgolfier")

    def test_a_provider_says_which_side_it_is_on(self, world: World, live: Caller) -> None:
        kite = world.call("get_provider_capabilities", by=live, provider=KITE)
        sandbox = world.call("get_provider_capabilities", provider="sandbox")
        assert [view_of(CapabilitiesView, one).sandbox for one in (kite, sandbox)] == [False, True]


class TestSearch:
    def test_asks_the_providers_of_the_key_alone(self, world: World, live_world: World) -> None:
        assert {offer.provider for offer in search(world).data} == {"sandbox"}
        assert {offer.provider for offer in search(live_world).data} == {KITE}

    def test_says_so_when_the_key_reaches_none(self, live_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(registry._providers, KITE)
        refused = refusal(live_world, "search_flights", **flight_to_lisbon())
        assert refused.facts == {"provider": "sandbox", "called_with": "with a live key", "reached": []}

    def test_the_next_page_of_a_live_search_is_empty_for_a_test_key(self, world: World, live_world: World) -> None:
        found = search(live_world, limit=1)
        assert found.next_cursor is not None
        rest: dict[str, Any] = {"cursor": found.next_cursor, "limit": 1}
        assert view_of(SearchResults, live_world.call("search_flights", **rest)).data
        assert view_of(SearchResults, world.call("search_flights", **rest)).data == []


class TestWhatWasBought:
    def test_a_live_booking_goes_through_with_a_live_key(self, live_world: World) -> None:
        assert kite_booking(live_world).status == "ticketed"
        assert SandboxOrder.objects.count() == 1

    def test_a_test_key_does_not_see_it(self, world: World, live_world: World) -> None:
        booking = kite_booking(live_world)
        with pytest.raises(NotFound):
            world.call("get_booking", booking_id=str(booking.booking_id))
        assert view_of(BookingList, world.call("search_bookings")).data == []
        assert view_of(BookingList, live_world.call("search_bookings")).data[0].booking_id == booking.booking_id

    def test_a_live_key_does_not_see_what_was_tried(self, world: World, live_world: World) -> None:
        booking = world.booking()
        with pytest.raises(NotFound):
            live_world.call("get_booking", booking_id=str(booking.booking_id))
        assert view_of(BookingList, live_world.call("search_bookings")).data == []

    def test_what_a_provider_sold_that_has_left_us_stays_hidden_from_test_keys(
        self, world: World, live_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        offer, booking = kite_offer(live_world), kite_booking(live_world)
        monkeypatch.delitem(registry._providers, KITE)
        reads: dict[str, dict[str, Any]] = {
            "get_booking": {"booking_id": str(booking.booking_id)},
            "get_offer_details": {"provider": KITE, "offer_id": str(offer.offer_id)},
        }
        for name, arguments in reads.items():
            live_world.call(name, **arguments)
            with pytest.raises(NotFound):
                world.call(name, **arguments)

    def test_a_replay_with_a_test_key_tells_nothing_of_a_live_booking(self, world: World, live_world: World) -> None:
        offer = kite_offer(live_world)
        booked = live_world.book(offer, key="ana-books-once")
        with pytest.raises(ProviderNotForKey):
            world.book(offer, key="ana-books-once")
        assert live_world.book(offer, key="ana-books-once").view == booked.view

    def test_a_replay_with_a_test_key_leaves_an_undecided_booking_alone(
        self, world: World, live_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither driven on, nor is the refusal kept as what became of it."""
        install(monkeypatch, SilentKiteAir)
        offer = kite_offer(live_world)
        pending = live_world.book(offer, key="ana-books-once")
        assert pending.status == 202
        IdempotencyRecord.objects.filter(operation="create_booking").update(outcome=None, status=None)  # answer lost
        fence = Booking.objects.get().fence
        with pytest.raises(ProviderNotForKey) as caught:
            world.book(offer, key="ana-books-once")
        assert caught.value.replayed is False
        assert Booking.objects.get().fence == fence
        assert live_world.book(offer, key="ana-books-once").status == 202


class TestAgents:
    def test_outside_production_reach_every_provider(self, world: World, ana_by_scout: Caller) -> None:
        assert names(world, ana_by_scout) == [KITE, "sandbox"]

    def test_in_production_reach_live_providers_alone(
        self, world: World, live_world: World, ana_by_scout: Caller, settings: Any
    ) -> None:
        settings.MOVMO_SANDBOX_FOR_AGENTS = False
        tried, bought = world.booking(), kite_booking(live_world)
        assert names(world, ana_by_scout) == [KITE]
        refused = refusal(world, "get_provider_capabilities", by=ana_by_scout, provider="sandbox")
        assert refused.facts["called_with"] == "by agents"
        world.call("get_booking", by=ana_by_scout, booking_id=str(bought.booking_id))
        with pytest.raises(NotFound):
            world.call("get_booking", by=ana_by_scout, booking_id=str(tried.booking_id))
        listed = view_of(BookingList, world.call("search_bookings", by=ana_by_scout)).data
        assert [one.booking_id for one in listed] == [bought.booking_id]


class TestTheirOwnPages:
    def test_show_a_traveler_every_trip(self, world: World, live_world: World, settings: Any) -> None:
        settings.MOVMO_SANDBOX_FOR_AGENTS = False
        booked = {world.booking().booking_id, kite_booking(live_world).booking_id}
        page = Caller(door=Door.PAGES, user_id=world.caller.user_id, scopes=world.caller.scopes)
        seen = {one.booking_id for one in view_of(BookingList, world.call("search_bookings", by=page)).data}
        assert seen == booked
        for booking_id in booked:
            told = view_of(BookingView, world.call("get_booking", by=page, booking_id=str(booking_id)))
            assert told.booking_id == booking_id
