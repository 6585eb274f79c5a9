"""scout books for its traveler, and knows no more than the server tells."""

from collections import Counter
from typing import Any

import pytest

from movmo.demo.agent.agent import Stopped
from movmo.demo.agent.watching import settled
from tests.agent.scene import BOOK, CANCEL, Scene, leave, say_no, say_yes


def test_from_a_wish_to_a_ticket(scene: Scene) -> None:
    booked = scene.book()
    assert (booked["status"], booked["route"]) == ("ticketed", "MUC-LIS")
    assert scene.questions == ["used"]
    assert [order.status for order in scene.orders] == ["confirmed"]
    assert scene.called[:5] == [
        "search_flights",
        "get_offer_details",
        "get_passengers_profile",
        "create_passenger_profile",
        "update_passenger",
    ]


def test_the_person_is_shown_what_they_buy_before_they_are_asked_to_approve(scene: Scene) -> None:
    booked = scene.book()
    [(what, facts)] = scene.person.asked
    assert what == "Book an offer for the passengers mapped to it"
    assert facts["expected_total"] == booked["total"]
    assert len(scene.person.visited) == 1


def test_who_is_saved_already_is_not_saved_again(modern: Scene) -> None:
    modern.book()
    modern.book()
    assert Counter(modern.called)["create_passenger_profile"] == 1
    assert modern.questions == ["used", "used"]
    assert len(modern.orders) == 2


def test_nothing_dearer_than_wished_is_looked_at(modern: Scene) -> None:
    modern.wish["max_total"] = {"amount": "1.00", "currency": "EUR"}
    with pytest.raises(Stopped, match="I do not find what fits your wish"):
        modern.book()
    assert modern.bookings == []


def test_an_offer_that_the_person_found_at_the_airline_is_taken_in(modern: Scene) -> None:
    """The wish holds what the airline's own search told."""
    modern.wish |= {"provider": "sandbox", "offer": modern.offer_of_the_airline()}
    assert modern.book()["status"] == "ticketed"
    assert modern.called[0] == "create_offer"
    assert "search_flights" not in modern.called


def test_a_word_against_it_in_the_conversation_is_enough(scene: Scene) -> None:
    scene.person.word = lambda what, facts: False
    with pytest.raises(Stopped, match="You did not want it"):
        scene.book()
    assert (scene.questions, scene.bookings) == ([], [])


def test_a_traveler_who_declines_is_taken_at_their_word(scene: Scene) -> None:
    scene.person.presses = [say_no]
    with pytest.raises(Stopped, match="The traveler declined this; nothing was done") as told:
        scene.book()
    assert told.value.refusal["code"] == "approval_declined"
    assert scene.called[-1] == "create_booking"
    assert scene.questions == ["declined"]
    assert scene.bookings == []


def test_a_host_whose_user_does_not_open_the_page_ends_it(modern: Scene) -> None:
    modern.era = "2026-07-28 with pages"
    modern.person.goes = False
    with pytest.raises(Stopped, match="declined"):
        modern.book()
    assert (modern.questions, modern.bookings) == (["withdrawn"], [])


def test_an_approval_that_came_too_late_is_asked_for_anew(scene: Scene, clock_here: Any) -> None:
    def falls_asleep(question: dict[str, Any]) -> None:
        clock_here.forward(minutes=11)

    scene.person.presses = [falls_asleep, say_yes]
    assert scene.book()["status"] == "ticketed"
    assert "approval_expired" in scene.codes
    assert scene.questions == ["expired", "used"]
    assert len(scene.person.asked) == 2
    assert len(scene.orders) == 1


def test_while_the_traveler_looks_the_same_call_is_repeated(modern: Scene, settings: Any) -> None:
    """They press the button after a while: it is the call that is repeated, not the question."""

    def later(seconds: float) -> None:
        say_yes({"approval_id": modern.person.visited[0].rpartition("/")[2]})

    modern.person.presses = [leave]
    modern.on_pause = later
    assert modern.book()["status"] == "ticketed"
    assert modern.codes == ["approval_required", "approval_required"]
    assert (len(modern.person.visited), len(modern.person.asked)) == (1, 1)


def test_an_allowance_lets_the_second_booking_through(scene: Scene) -> None:
    scene.person.presses = [scene.say_yes_and_allow]
    scene.book()
    assert scene.book()["status"] == "ticketed"
    assert len(scene.person.visited) == 1
    assert scene.questions == ["used", "used"]
    assert len(scene.orders) == 2


def test_it_is_cancelled_on_the_terms_that_the_person_saw(scene: Scene) -> None:
    async def there_and_back(agent: Any) -> Any:
        await settled(agent, BOOK, await agent.fulfil(BOOK))
        return await settled(agent, CANCEL, await agent.fulfil(CANCEL))

    cancelled = scene.play(there_and_back)
    assert cancelled["status"] == "cancelled"
    assert "get_booking" not in scene.called, "the answers were the last word"
    what, facts = scene.person.asked[-1]
    assert what == "Cancel a booking on the terms of a quote"
    assert {"refund", "penalty", "quote_id"} <= set(facts)
    assert scene.questions == ["used", "used"]
    assert [order.status for order in scene.orders] == ["cancelled"]
