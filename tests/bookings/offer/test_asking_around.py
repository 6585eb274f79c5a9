"""Several providers in one search: asked at once, reported as they answer, and none of them missing in silence."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.db import connections, transaction

from bookings.offer.schemas import SearchResults
from bookings.providers import registry
from bookings.providers.errors import OutcomeUnknown, ProviderFailure, Refusal, Rejected, Unavailable
from bookings.providers.sandbox.adapter import SandboxProvider
from bookings.providers.types import Capabilities, ParsedOffer, PassengerType, SearchQuery, SliceQuery
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.errors import Internal
from movmo.operations.dispatch import dispatch
from tests.bookings.offer.searches import ids, part, search
from tests.conftest import StoppedClock
from tests.contract.world import World, departure_date, the, view_of

LONG = 20
Told = tuple[int, int, str]


class OneOfMany(SandboxProvider):
    """The sandbox airline under another name. `first` is done before it answers."""

    def __init__(self, name: str, first: Callable[[], object] = lambda: None) -> None:
        super().__init__(airline=SandboxAirline(), parse=registry.provider("sandbox").parse_offer)
        self.name, self.first = name, first

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, provider=self.name)

    def search(self, query: SearchQuery, *, now: datetime) -> list[ParsedOffer]:
        self.first()
        return super().search(query, now=now)


class Wholesaler(OneOfMany):
    def __init__(self, name: str, offers: list[ParsedOffer]) -> None:
        super().__init__(name)
        self.offers = offers

    def search(self, query: SearchQuery, *, now: datetime) -> list[ParsedOffer]:
        return self.offers


Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """These, and no other providers, by name."""

    def install(*providers: OneOfMany) -> None:
        monkeypatch.setattr(registry, "_providers", {one.name: one for one in providers})

    return install


def raising(failure: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise failure

    return fail


class Ear:
    """Hears what is reported of a search."""

    def __init__(self) -> None:
        self.heard: list[Told] = []
        self._first = threading.Event()

    def __call__(self, done: int, total: int, message: str) -> None:
        self.heard.append((done, total, message))
        if done == 1:
            self._first.set()

    def waits_for_the_first(self) -> None:
        assert self._first.wait(LONG), "nothing was reported before all had answered"


def told(world: World, ear: Ear) -> SearchResults:
    return view_of(SearchResults, dispatch(the("search_flights"), world.caller, {"slices": [part()]}, report=ear))


def progress(world: World) -> list[Told]:
    ear = Ear()
    told(world, ear)
    return ear.heard


@pytest.mark.django_db
@pytest.mark.usefixtures("clock")
class TestReports:
    def test_one_provider_is_worth_two_words(self, world: World) -> None:
        assert progress(world) == [(0, 1, "0 of 1 providers answered"), (1, 1, "1 of 1 providers answered")]

    def test_one_that_cannot_answer_is_done_and_not_counted(self, world: World, install: Install) -> None:
        install(OneOfMany("a"), OneOfMany("b", raising(Unavailable("SECRET words of its own"))), OneOfMany("c"))
        assert progress(world) == [
            (0, 3, "0 of 3 providers answered"),
            (1, 3, "1 of 3 providers answered"),
            (2, 3, "1 of 3 providers answered"),
            (3, 3, "2 of 3 providers answered"),
        ]

    @pytest.mark.parametrize(
        "failure", [Unavailable("gone"), OutcomeUnknown("gone"), Rejected(Refusal.OTHER, "gone")], ids=repr
    )
    def test_whatever_the_failure_the_others_are_shown(
        self, world: World, install: Install, failure: ProviderFailure
    ) -> None:
        install(OneOfMany("z", raising(failure)), OneOfMany("m"), OneOfMany("b", raising(failure)))
        found = search(world)
        assert {offer.provider for offer in found.data} == {"m"}
        assert found.unavailable == ["b", "z"]

    def test_what_two_sell_alike_is_shown_in_the_order_of_their_names(
        self, world: World, install: Install, clock: StoppedClock
    ) -> None:
        query = SearchQuery((SliceQuery("AMS", "LIS", departure_date()),), (PassengerType.ADULT,))
        cheapest = OneOfMany("any").search(query, now=clock.now)[:2]
        install(Wholesaler("b", cheapest), Wholesaler("a", cheapest))
        assert [offer.provider for offer in search(world).data] == ["a", "b", "a", "b"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("clock")
class TestAtOnce:
    @pytest.fixture(autouse=True)
    def with_a_budget(self, settings: Any) -> None:
        settings.MOVMO_WAIT_SECONDS = LONG

    def test_all_of_them_are_asked_before_any_has_answered(self, world: World, install: Install) -> None:
        all_here = threading.Barrier(3)
        install(*(OneOfMany(name, lambda: all_here.wait(LONG)) for name in "abc"))
        found = search(world)
        assert {offer.provider for offer in found.data} == {"a", "b", "c"}
        assert len(set(ids(found))) == len(found.data)

    def test_the_quick_one_is_reported_while_the_slow_one_is_waited_for(self, world: World, install: Install) -> None:
        ear = Ear()
        install(OneOfMany("quick"), OneOfMany("slow", ear.waits_for_the_first))
        told(world, ear)
        assert [done for done, _, _ in ear.heard] == [0, 1, 2]

    def test_whoever_fails_first_they_are_named_in_order(self, world: World, install: Install) -> None:
        ear, fail = Ear(), raising(Unavailable("gone"))

        def fail_later() -> None:
            ear.waits_for_the_first()
            fail()

        install(OneOfMany("a", fail_later), OneOfMany("b", fail))
        assert told(world, ear).unavailable == ["a", "b"]

    def test_each_has_a_connection_of_its_own_that_is_closed_afterwards(self, world: World, install: Install) -> None:
        both_here = threading.Barrier(2)
        used: list[Any] = []

        def note() -> None:
            both_here.wait(LONG)
            own = connections["default"]
            own.ensure_connection()
            used.append(own)

        install(OneOfMany("a", note), OneOfMany("b", note))
        search(world)
        assert len({id(one) for one in [*used, connections["default"]]}) == 3
        assert [one.connection for one in used] == [None, None]

    def test_none_is_asked_inside_a_transaction(self, world: World, install: Install) -> None:
        asked: list[str] = []
        install(OneOfMany("a", lambda: asked.append("a")), OneOfMany("b", lambda: asked.append("b")))
        with transaction.atomic(), pytest.raises(Internal):
            search(world)
        assert asked == []

    def test_a_crash_of_one_is_ours_and_leaves_no_thread_behind(self, world: World, install: Install) -> None:
        install(OneOfMany("a", raising(ZeroDivisionError())), OneOfMany("b"))
        with pytest.raises(Internal):
            search(world)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("search")]
