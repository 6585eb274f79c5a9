"""The airline knows its own offers: it sells none that was changed, and each of them once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import ProviderFailure, Refusal, Rejected
from bookings.providers.types import ParsedOffer, ProviderOrder
from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder
from bookings.sandbox_airline.services import SandboxAirline
from tests.bookings.providers.orders import order
from tests.bookings.providers.samples import WHILE_THEY_LIVE, sample
from tests.bookings.sandbox_airline.stage import NOW, offers_of, one_way, refusal

pytestmark = pytest.mark.django_db

Raw = dict[str, Any]


def rejection(airline: SandboxAirline, offer: ParsedOffer, *, hold: bool = False, reference: str = "ours") -> Rejected:
    with pytest.raises(Rejected) as caught:
        airline.place_order(order(offer, hold=hold, reference=reference), now=NOW)
    return caught.value


def segment(raw: Raw) -> Raw:
    found: Raw = raw["slices"][0]["segments"][0]
    return found


def cheaper(raw: Raw) -> None:
    raw.update(base_amount="0.01", tax_amount="0.00", total_amount="0.01")


def in_yen(raw: Raw) -> None:
    raw.update(base_amount="1", tax_amount="0", total_amount="1")
    raw.update(base_currency="JPY", tax_currency="JPY", total_currency="JPY")


def longer_lived(raw: Raw) -> None:
    raw["expires_at"] = "2099-01-01T00:00:00Z"


def another_flight(raw: Raw) -> None:
    segment(raw)["marketing_carrier_flight_number"] = "1"


def another_day(raw: Raw) -> None:
    segment(raw)["arriving_at"] = segment(raw)["arriving_at"].replace("2027-05-04", "2027-05-05")


def another_cabin(raw: Raw) -> None:
    segment(raw)["passengers"][0]["cabin_class"] = "first"


def another_brand(raw: Raw) -> None:
    raw["slices"][0]["fare_brand_name"] = "Business"


def another_type(raw: Raw) -> None:
    raw["passengers"][0]["type"] = "child"


def payable_later(raw: Raw) -> None:
    raw["payment_requirements"] = {"requires_instant_payment": False}


def refundable(raw: Raw) -> None:
    raw["conditions"]["refund_before_departure"] = {"allowed": True}


def with_a_free_bag(raw: Raw) -> None:
    raw["available_services"][0]["total_amount"] = "0.00"


def with_an_id_of_its_own(raw: Raw) -> None:
    raw["id"] = "off_" + 32 * "0"


def in_anothers_name(raw: Raw) -> None:
    """Sold by somebody else, flown by the airline."""
    raw["owner"] |= {"iata_code": "ZZ"}
    cheaper(raw)


CHANGES = [
    cheaper,
    in_yen,
    longer_lived,
    another_flight,
    another_day,
    another_cabin,
    another_brand,
    another_type,
    payable_later,
    refundable,
    with_a_free_bag,
    with_an_id_of_its_own,
    in_anothers_name,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_offer_that_was_changed_is_not_sold(
    airline: SandboxAirline, offer: ParsedOffer, change: Callable[[Raw], None]
) -> None:
    raw = deepcopy(offer.raw)
    change(raw)
    refused = rejection(airline, parse_offer(raw))
    assert refused.refusal is Refusal.OFFER_EXPIRED
    assert "no such offer" in refused.detail
    assert not SandboxOrder.objects.exists()
    assert not SandboxInventory.objects.exists()


def test_an_instant_offer_cannot_be_made_a_hold(airline: SandboxAirline) -> None:
    raw = airline.search(one_way("AMS", "LIS"), now=NOW)[0]
    payable_later(raw)
    assert rejection(airline, parse_offer(raw), hold=True).refusal is Refusal.OFFER_EXPIRED


def test_the_id_of_one_offer_does_not_fit_another(airline: SandboxAirline) -> None:
    light, other = airline.search(one_way("AMS", "LIS"), now=NOW)[:2]
    assert rejection(airline, parse_offer(other | {"id": light["id"]})).refusal is Refusal.OFFER_EXPIRED


def test_two_searches_make_two_offers(airline: SandboxAirline) -> None:
    ids = {raw["id"] for _ in range(2) for raw in airline.search(one_way("AMS", "LIS"), now=NOW)}
    assert len(ids) == 24


def test_the_order_of_keys_does_not_matter(airline: SandboxAirline, offer: ParsedOffer) -> None:
    shuffled = parse_offer(dict(reversed(offer.raw.items())))
    assert airline.place_order(order(shuffled), now=NOW).total == offer.normalised.total


def test_an_offer_outlives_a_rotation_of_the_key(airline: SandboxAirline, offer: ParsedOffer, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"
    assert airline.place_order(order(offer), now=NOW).total == offer.normalised.total


def test_an_offer_under_a_strange_key_is_not_sold(airline: SandboxAirline, offer: ParsedOffer, settings: Any) -> None:
    settings.SECRET_KEY = "another key"
    assert rejection(airline, offer).refusal is Refusal.OFFER_EXPIRED


@pytest.mark.parametrize("hold", [False, True])
def test_an_offer_is_ordered_once(airline: SandboxAirline, offer: ParsedOffer, hold: bool) -> None:
    airline.place_order(order(offer, hold=hold), now=NOW)
    seats = SandboxInventory.objects.get().seats_left
    refused = rejection(airline, offer)
    assert refused.refusal is Refusal.OFFER_EXPIRED
    assert "already ordered" in refused.detail
    assert SandboxOrder.objects.count() == 1
    assert SandboxInventory.objects.get().seats_left == seats


def test_a_known_reference_is_judged_before_its_offer(airline: SandboxAirline, offer: ParsedOffer) -> None:
    airline.place_order(order(offer, reference="ours"), now=NOW)
    assert rejection(airline, offer, reference="ours").refusal is Refusal.DUPLICATE_REFERENCE


def test_a_refused_order_leaves_the_offer_on_sale(airline: SandboxAirline, offer: ParsedOffer) -> None:
    with pytest.raises(Rejected):
        airline.place_order(order(offer, family_name="DECLINED"), now=NOW)
    assert airline.place_order(order(offer), now=NOW).total == offer.normalised.total


def test_an_adopted_offer_may_be_ordered_again(airline: SandboxAirline) -> None:
    adopted = parse_offer(sample("one-way-direct"))
    for _ in range(2):
        airline.place_order(order(adopted), now=WHILE_THEY_LIVE)
    assert list(SandboxOrder.objects.values_list("offer_id", flat=True)) == [None, None]


class OvertakenAirline(SandboxAirline):
    """Right before its insert, an order under another reference takes the offer through another worker."""

    def _book(self, wanted: Any, now: datetime) -> ProviderOrder:
        SandboxAirline().place_order(order(wanted.offer, reference="theirs"), now=now)
        return super()._book(wanted, now)


def test_a_race_for_one_offer_is_decided_by_the_table(offer: ParsedOffer) -> None:
    assert rejection(OvertakenAirline(), offer).refusal is Refusal.OFFER_EXPIRED
    assert SandboxOrder.objects.get().client_reference == "theirs"


@pytest.mark.django_db(transaction=True)
def test_concurrent_orders_of_one_offer_make_one(airline: SandboxAirline, offer: ParsedOffer) -> None:
    def book(_: int) -> bool:
        try:
            airline.place_order(order(offer), now=NOW)
        except ProviderFailure:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(book, range(8))) == 1
    assert SandboxOrder.objects.count() == 1


def test_an_offer_is_not_ordered_once_its_flight_has_left(airline: SandboxAirline) -> None:
    query = one_way("AMS", "LIS", on=NOW.date())
    departing = min(one.normalised.segments[0].departing.utc for one in offers_of(airline, query))
    last_minute = offers_of(airline, query, now=departing - timedelta(minutes=5))
    offer = next(one for one in last_minute if one.normalised.segments[0].departing.utc == departing)
    assert refusal(lambda: airline.place_order(order(offer), now=departing)) is Refusal.OFFER_EXPIRED
