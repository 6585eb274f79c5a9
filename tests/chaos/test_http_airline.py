"""What the chaos airline's manners mean: if this were read wrongly, the storm would prove nothing."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import OutcomeUnknown, ProviderFailure, Refusal, Rejected, Unavailable
from bookings.providers.types import OrderPassenger, OrderRequest, OrderStatus, PassengerType
from tests.bench.stage import free_port
from tests.chaos.hostile_airline import HostileAirline, Mood
from tests.chaos.http_airline import HttpAirline
from tests.chaos.ledger import Ledger
from tests.contract.world import raw_offer

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
SEATS = 2
pytestmark = pytest.mark.django_db


class Moody(HostileAirline):
    """In one mood, the one that it is told."""

    now = Mood.HONEST

    def mood(self, *of: object) -> Mood:
        return self.now


@pytest.fixture
def moody(tmp_path: Path) -> Iterator[Moody]:
    server = Moody(0, Ledger(tmp_path / "airline.sqlite3", capacity=SEATS), "seed")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def airline(moody: Moody) -> HttpAirline:
    return HttpAirline(moody.server_address[1])


def an_order(reference: str, *, hold: bool = False) -> OrderRequest:
    offer = parse_offer(raw_offer(holdable=hold))
    (slot,) = offer.normalised.passengers
    person = OrderPassenger(
        provider_passenger_id=slot.provider_passenger_id,
        type=PassengerType.ADULT,
        given_name="Ana",
        family_name="Andersson",
        birth_date=NOON.date().replace(year=1990),
        gender="F",
    )
    return OrderRequest(reference, offer, (person,), offer.normalised.total, hold)


def test_an_honest_airline_confirms_and_finds_again(airline: HttpAirline) -> None:
    order = airline.place_order(an_order("one"), now=NOON)
    assert order.status is OrderStatus.CONFIRMED
    assert airline.find_order("one", now=NOON) == order
    assert airline.find_order("another", now=NOON) is None


@pytest.mark.parametrize("mood", [Mood.DROPS, Mood.RESETS, Mood.BROKEN, Mood.GARBAGE, Mood.LATE_ANSWER])
def test_an_order_whose_answer_is_lost_is_unknown_and_there(moody: Moody, airline: HttpAirline, mood: Mood) -> None:
    moody.now = mood
    with pytest.raises(OutcomeUnknown):
        airline.place_order(an_order("one"), now=NOON)
    moody.now = Mood.HONEST
    assert airline.find_order("one", now=NOON) is not None


@pytest.mark.parametrize(("mood", "failure"), [(Mood.UNAVAILABLE, Unavailable), (Mood.RESETS_FIRST, OutcomeUnknown)])
def test_where_nothing_was_made_only_the_airlines_word_says_so(
    moody: Moody, airline: HttpAirline, mood: Mood, failure: type[ProviderFailure]
) -> None:
    moody.now = mood
    with pytest.raises(failure):
        airline.place_order(an_order("one"), now=NOON)
    moody.now = Mood.HONEST
    assert airline.find_order("one", now=NOON) is None


def test_where_nobody_listens_nothing_was_sent() -> None:
    with pytest.raises(Unavailable):
        HttpAirline(free_port()).place_order(an_order("one"), now=NOON)


@pytest.mark.parametrize("mood", [Mood.HONEST, Mood.TWICE])
def test_a_reference_that_comes_again_is_refused(moody: Moody, airline: HttpAirline, mood: Mood) -> None:
    if mood is Mood.HONEST:
        airline.place_order(an_order("one"), now=NOON)
    moody.now = mood
    with pytest.raises(Rejected) as refused:
        airline.place_order(an_order("one"), now=NOON)
    assert refused.value.refusal is Refusal.DUPLICATE_REFERENCE


def test_the_seats_are_finite_and_come_back(airline: HttpAirline) -> None:
    orders = [airline.place_order(an_order(str(number)), now=NOON) for number in range(SEATS)]
    with pytest.raises(Rejected) as refused:
        airline.place_order(an_order("one too many"), now=NOON)
    assert refused.value.refusal is Refusal.SOLD_OUT
    terms = airline.quote_cancellation(orders[0].order_id, now=NOON)
    cancelled = airline.confirm_cancellation(orders[0].order_id, terms.reference, now=NOON)
    assert (cancelled.status, cancelled.refund) == (OrderStatus.CANCELLED, orders[0].total)
    assert airline.confirm_cancellation(orders[0].order_id, terms.reference, now=NOON) == cancelled
    assert airline.place_order(an_order("one more"), now=NOON).status is OrderStatus.CONFIRMED


def test_a_hold_is_paid_for_once(airline: HttpAirline) -> None:
    held = airline.place_order(an_order("one", hold=True), now=NOON)
    assert held.status is OrderStatus.HELD
    paid = airline.confirm_hold(held.order_id, total=held.total, now=NOON)
    assert paid.status is OrderStatus.CONFIRMED
    assert airline.confirm_hold(held.order_id, total=held.total, now=NOON) == paid
