"""What goes wrong on the way: scout does what the refusals say, and nothing is booked twice."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.sandbox.airline import Airline
from bookings.providers.types import OrderRequest, ProviderOrder
from bookings.sandbox_airline.services import SandboxAirline
from movmo.demo.agent.agent import ROUNDS, Stopped
from movmo.demo.agent.line import TRIES, AnswersLost
from partners.oauth.models import Application
from tests.agent.scene import BOOK, CANCEL, Scene
from tests.agent.wires import Cut
from tests.contract.doors import Stage

PLENTY = 100_000


class Coveted(SandboxAirline):
    """Others are faster with the first offer that anybody wants."""

    def __init__(self) -> None:
        super().__init__(seats_per_flight=PLENTY)
        self.wanted: list[str] = []

    def place_order(self, order: OrderRequest, *, now: datetime) -> ProviderOrder:
        self.wanted.append(order.offer.normalised.provider_offer_id)
        if len(self.wanted) == 1:
            raise Rejected(Refusal.SOLD_OUT, "somebody was faster")
        return super().place_order(order, now=now)


def test_a_price_that_rose_is_shown_and_approved_anew(scene: Scene) -> None:
    scene.wish["family_name"] = "PRICEUP"
    booked = scene.book()
    assert booked["status"] == "ticketed"
    assert "price_changed" in scene.codes
    first, second = (facts["expected_total"] for _, facts in scene.person.asked)
    assert float(second["amount"]) > float(first["amount"])
    assert booked["total"] == second
    assert len(scene.person.visited) == 2
    assert scene.questions == ["used", "used"]
    assert len(scene.orders) == 1


def test_a_new_price_that_the_person_does_not_want_ends_it(modern: Scene) -> None:
    modern.wish["family_name"] = "PRICEUP"
    modern.person.word = lambda what, facts: "new" not in facts
    with pytest.raises(Stopped, match="You did not want it"):
        modern.book()
    assert modern.orders == []
    assert "refresh_offer" in modern.called


def test_an_offer_whose_time_is_over_is_searched_for_again(scene: Scene, clock_here: Any) -> None:
    def takes_their_time(what: str, facts: dict[str, Any]) -> bool:
        if len(scene.person.asked) == 1:
            clock_here.forward(minutes=31)
        return True

    scene.person.word = takes_their_time
    assert scene.book()["status"] == "ticketed"
    assert scene.codes[0] == "offer_stale"
    assert scene.called.count("search_flights") == 2
    assert scene.questions == ["used"]
    assert len(scene.orders) == 1


def test_another_offer_is_booked_when_one_is_sold_out(scene: Scene, install_airline: Callable[[Airline], None]) -> None:
    airline = Coveted()
    install_airline(airline)
    assert scene.book()["status"] == "ticketed"
    assert "sold_out" in scene.codes
    first, second = airline.wanted
    assert first != second
    assert scene.questions == ["used", "used"]
    assert len(scene.orders) == 1


@pytest.mark.parametrize(("name", "code"), [("SOLDOUT", "sold_out"), ("EXPIRED", "offer_stale")])
def test_scout_gives_up_where_nothing_helps(modern: Scene, name: str, code: str) -> None:
    modern.wish["family_name"] = name
    with pytest.raises(Stopped) as told:
        modern.book()
    assert told.value.refusal["code"] == code
    assert modern.codes.count(code) == ROUNDS
    assert len(modern.person.asked) == ROUNDS
    assert modern.orders == []


@pytest.mark.parametrize("tool", ["create_booking", "create_passenger_profile", "update_passenger", "cancel_booking"])
def test_a_lost_answer_is_asked_for_with_the_same_key(scene: Scene, tool: str) -> None:
    scene.wire = cut = Cut(tool=tool)

    async def there_and_back(agent: Any) -> Any:
        await agent.fulfil(BOOK)
        return await agent.fulfil(CANCEL)

    assert scene.play(there_and_back)["status"] == "cancelled"
    assert len(cut.lost) == 1
    [repeated] = [answer for name, answer in scene.calls if name == tool and answer.get("replayed")]
    assert repeated["replayed"] is True
    assert scene.questions == ["used", "used"]
    assert [order.status for order in scene.orders] == ["cancelled"]


def test_a_line_that_stays_dead_is_told_as_that(modern: Scene) -> None:
    modern.wire = Cut(tool="create_booking", times=TRIES)
    with pytest.raises(AnswersLost, match="create_booking"):
        modern.book()
    assert len(modern.orders) == 1, "it was done once, and the person is told that nobody knows"


@pytest.fixture
def slowed(stage: Stage) -> Iterator[None]:
    """Staff let scout search once a minute."""
    one = Application.objects.filter(pk=stage.scout.pk)
    one.update(tool_limits="search_flights=1")
    yield
    one.update(tool_limits="")


def test_a_tool_that_is_slowed_down_is_waited_for(modern: Scene, slowed: None, clock_here: Any) -> None:
    """As long as the refusal says, and no longer."""
    modern.on_pause = lambda seconds: clock_here.forward(seconds=seconds)
    modern.book()
    assert modern.book()["status"] == "ticketed"
    assert "tool_rate_limited" in modern.codes
    [limited] = [answer for _, answer in modern.calls if answer.get("code") == "tool_rate_limited"]
    assert limited["retry_after"] in modern.pauses
