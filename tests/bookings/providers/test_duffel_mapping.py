"""A Duffel offer is read into the house's words, or refused with the first part that is wrong."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.errors import OfferUnrecognized
from bookings.providers.types import Baggage, CabinClass, Condition, NormalisedOffer, PassengerType
from movmo.kit.money import AmountInvalid, Money
from tests.bookings.providers.samples import NAMES, sample


def read(name: str) -> NormalisedOffer:
    return parse_offer(sample(name)).normalised


def first_segment(raw: dict[str, Any]) -> dict[str, Any]:
    segment: dict[str, Any] = raw["slices"][0]["segments"][0]
    return segment


def refusal(raw: Any) -> tuple[str, str]:
    with pytest.raises(OfferUnrecognized) as caught:
        parse_offer(raw)
    return caught.value.pointer, caught.value.problem


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_read_and_kept_as_it_came(name: str) -> None:
    assert parse_offer(sample(name)).raw == sample(name)


def test_times_are_local_with_zone_and_utc() -> None:
    departing = read("one-way-direct").segments[0].departing
    assert departing.local == datetime(2027, 5, 4, 9, 15)  # noqa: DTZ001 - airport-local by design
    assert departing.zone == "Europe/Amsterdam"
    assert departing.utc == datetime(2027, 5, 4, 7, 15, tzinfo=UTC)


def test_a_flight_over_the_date_line_may_land_before_it_left_by_the_clock_on_the_wall() -> None:
    segment = read("date-line").segments[0]
    assert segment.arriving.local < segment.departing.local
    assert segment.arriving.utc > segment.departing.utc
    assert segment.duration_minutes == 9 * 60 + 45


def test_a_slice_goes_from_its_first_segment_to_its_last() -> None:
    outbound = read("return-with-connection").slices[0]
    assert (outbound.origin.iata_code, outbound.destination.iata_code) == ("EDI", "OSL")
    assert outbound.duration_minutes == 380


def test_a_codeshare_names_both_carriers() -> None:
    segment = read("return-with-connection").segments[1]
    assert (segment.marketing_carrier, segment.operating_carrier) == ("Q7", "V9")
    assert segment.operating_flight_number is None


def test_baggage_and_cabin_are_per_passenger_and_segment() -> None:
    fare = read("dinars").segments[0].passengers[0]
    assert fare.cabin_class is CabinClass.BUSINESS
    assert fare.baggage == [Baggage(type="checked", quantity=2), Baggage(type="carry_on", quantity=2)]


@pytest.mark.parametrize(
    ("name", "minor", "currency"),
    [("yen", 21_590, "JPY"), ("dinars", 48_805, "BHD"), ("one-way-direct", 13_930, "EUR")],
)
def test_the_total_has_the_decimals_of_its_currency(name: str, minor: int, currency: str) -> None:
    assert read(name).total == Money(minor, currency)


def test_a_tax_with_one_decimal_is_padded() -> None:
    assert read("tax-with-one-decimal").tax_minor == 11_870


def test_a_null_tax_is_none() -> None:
    raw = sample("one-way-direct") | {"tax_amount": None, "tax_currency": None, "total_amount": "98.00"}
    assert parse_offer(raw).normalised.tax_minor == 0


def test_a_type_is_derived_from_an_age() -> None:
    assert [slot.type for slot in read("adult-child-lap-infant").passengers] == [
        PassengerType.ADULT,
        PassengerType.CHILD,
        PassengerType.INFANT,
    ]


@pytest.mark.parametrize(("age", "expected"), [(1, "INF"), (2, "CHD"), (11, "CHD"), (12, "ADT")])
def test_the_age_limits_are_two_and_twelve(age: int, expected: str) -> None:
    raw = sample("one-way-direct")
    raw["passengers"][0] |= {"type": None, "age": age}
    assert parse_offer(raw).normalised.passengers[0].type == expected


def test_a_passenger_without_type_and_age_is_refused() -> None:
    raw = sample("one-way-direct")
    raw["passengers"][0] |= {"type": None, "age": None}
    assert refusal(raw) == ("/passengers/0/type", "expected a type, or an age instead")


def test_a_hold_carries_its_deadlines() -> None:
    payment = read("two-adults-hold").payment_requirements
    assert not payment.requires_instant_payment
    assert payment.payment_required_by == datetime(2027, 3, 2, 12, tzinfo=UTC)
    assert payment.price_guarantee_expires_at == datetime(2027, 3, 1, 14, tzinfo=UTC)


def test_null_conditions_are_unknown_not_refused() -> None:
    conditions = read("null-conditions").conditions
    assert conditions.refundable == Condition()
    assert conditions.changeable.allowed is None
    raw = sample("null-conditions") | {"conditions": None}
    assert parse_offer(raw).normalised.conditions == conditions


def test_a_penalty_keeps_its_currency() -> None:
    refundable = read("two-adults-hold").conditions.refundable
    assert refundable == Condition(allowed=True, penalty_minor=12_000, penalty_currency="USD")


def test_a_penalty_without_currency_is_refused() -> None:
    raw = sample("two-adults-hold")
    raw["conditions"]["refund_before_departure"]["penalty_currency"] = None
    assert refusal(raw) == ("/conditions/refund_before_departure/penalty_currency", "missing")


def test_a_service_may_cost_in_another_currency() -> None:
    bag = read("dinars").services[0]
    assert (bag.total_minor, bag.currency) == (4_125, "KWD")


@pytest.mark.parametrize(
    ("metadata", "kind", "weight"),
    [
        ({"type": "checked", "maximum_weight_kg": 23}, "checked", 23),
        ({"type": "carry_on", "maximum_weight_kg": None}, "carry_on", None),
        ({"type": ["checked"], "maximum_weight_kg": "23"}, None, None),
        ({"type": "piano", "maximum_weight_kg": True}, None, None),
        ({"maximum_weight_kg": -5}, None, None),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_a_bag_says_what_it_is_where_that_can_be_read(metadata: Any, kind: str | None, weight: int | None) -> None:
    raw = sample("dinars")
    raw["available_services"][0]["metadata"] = metadata
    bag = parse_offer(raw).normalised.services[0]
    assert (bag.baggage_type, bag.maximum_weight_kg) == (kind, weight)


def test_a_missing_duration_is_computed_from_the_instants() -> None:
    assert read("null-conditions").slices[0].duration_minutes == 185


def test_the_providers_duration_counts_and_a_disagreement_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    raw = sample("one-way-direct")
    first_segment(raw)["duration"] = "P1DT22H30M"
    with caplog.at_level(logging.WARNING):
        assert parse_offer(raw).normalised.segments[0].duration_minutes == 46 * 60 + 30
    assert "/slices/0/segments/0" in caplog.text


@pytest.mark.parametrize("zone", [None, "Mars/Olympus", "America", "../etc/passwd", ""])
def test_an_unusable_zone_is_replaced_by_the_airports_own(zone: str | None) -> None:
    raw = sample("one-way-direct")
    first_segment(raw)["origin"]["time_zone"] = zone
    assert parse_offer(raw).normalised.segments[0].origin.zone == "Europe/Amsterdam"


def test_an_unknown_airport_without_a_zone_is_refused() -> None:
    raw = sample("one-way-direct")
    first_segment(raw)["destination"] |= {"iata_code": "QQQ", "time_zone": None}
    assert refusal(raw)[0] == "/slices/0/segments/0/destination/time_zone"


def test_control_and_bidi_characters_leave_the_names() -> None:
    raw = sample("one-way-direct")
    raw["owner"]["name"] = "Halcyon\n\x1b[31m \u202eAir\x00"
    assert parse_offer(raw).normalised.owner_carrier_name == "Halcyon [31m Air"


def test_older_offers_name_their_documents_in_the_older_field() -> None:
    raw = sample("one-way-direct")
    raw["allowed_passenger_identity_document_types"] = raw.pop("supported_passenger_identity_document_types")
    assert parse_offer(raw).normalised.identity_documents.supported_types == ["passport"]


def test_a_stop_is_named_by_its_airport() -> None:
    raw = sample("one-way-direct")
    first_segment(raw)["stops"] = [{"id": "sto_1", "airport": {"iata_code": "OPO"}}]
    assert parse_offer(raw).normalised.segments[0].stops == ["OPO"]


def test_fields_that_duffel_adds_later_are_ignored() -> None:
    raw = sample("one-way-direct") | {"loyalty_moods": [{"deep": None}]}
    assert parse_offer(raw).normalised == read("one-way-direct")


@pytest.mark.parametrize("raw", [None, 1, "offer", [], [{}]])
def test_anything_but_an_object_is_refused(raw: Any) -> None:
    assert refusal(raw) == ("", "expected a JSON object")


def test_the_offer_of_another_provider_lacks_slices_first() -> None:
    flight_offer = {"type": "flight-offer", "id": "1", "itineraries": [{"segments": []}], "price": {"total": "10.00"}}
    assert refusal(flight_offer) == ("/slices", "missing")


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        (("slices",), "/slices"),
        (("slices", 0, "segments"), "/slices/0/segments"),
        (("slices", 0, "segments", 0, "departing_at"), "/slices/0/segments/0/departing_at"),
        (("owner", "iata_code"), "/owner/iata_code"),
        (("expires_at",), "/expires_at"),
        (("total_currency",), "/total_currency"),
        (("payment_requirements",), "/payment_requirements"),
    ],
)
def test_a_missing_part_is_named(path: tuple[str | int, ...], pointer: str) -> None:
    raw = sample("one-way-direct")
    parent: Any = raw
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    assert refusal(raw) == (pointer, "missing")


def test_of_two_wrong_parts_the_first_is_named() -> None:
    raw = sample("one-way-direct") | {"total_amount": 1, "base_amount": None}
    first_segment(raw)["arriving_at"] = "soon"
    assert refusal(raw)[0] == "/slices/0/segments/0/arriving_at"


@pytest.mark.parametrize(
    "departing", ["2027-05-04T09:15:00Z", "2027-13-04T09:15:00", "9999-12-31T23:59:59", 1777885200]
)
def test_a_departure_is_an_airport_local_time(departing: Any) -> None:
    raw = sample("one-way-direct")
    first_segment(raw)["departing_at"] = departing
    assert refusal(raw)[0] == "/slices/0/segments/0/departing_at"


def test_an_expiry_needs_an_offset() -> None:
    assert refusal(sample("one-way-direct") | {"expires_at": "2027-03-01T12:30:00"})[0] == "/expires_at"


@pytest.mark.parametrize("duration", ["P", "PT", "2h", "PT-5M", 185])
def test_a_duration_is_iso_8601(duration: Any) -> None:
    raw = sample("one-way-direct")
    first_segment(raw)["duration"] = duration
    assert refusal(raw)[0] == "/slices/0/segments/0/duration"


def test_a_segment_cannot_land_before_it_departs() -> None:
    raw = sample("one-way-direct")
    first_segment(raw)["arriving_at"] = "2027-05-04T05:00:00"
    assert refusal(raw)[0] == "/slices/0/segments/0/arriving_at"


@pytest.mark.parametrize(("s", "g"), [(0, 1), (1, 0)], ids=["a connection", "the way back"])
def test_nobody_departs_before_they_have_arrived(s: int, g: int) -> None:
    raw = sample("return-with-connection")
    before = raw["slices"][0]["segments"][0 if g else -1]
    segment = raw["slices"][s]["segments"][g]
    segment["departing_at"] = before["departing_at"]
    assert refusal(raw)[0] == f"/slices/{s}/segments/{g}/departing_at"


def test_segments_out_of_order_are_refused() -> None:
    raw = sample("return-with-connection")
    raw["slices"][0]["segments"].reverse()
    assert refusal(raw)[0] == "/slices/0/segments/1/departing_at"


def test_slices_out_of_order_are_refused() -> None:
    raw = sample("return-with-connection")
    raw["slices"].reverse()
    assert refusal(raw)[0] == "/slices/1/segments/0/departing_at"


def test_the_order_of_travel_is_judged_in_utc() -> None:
    """Over the date line the way back may leave, by the clock on the wall, before the way out has."""
    raw = sample("date-line")
    out = first_segment(raw)
    landed = parse_offer(raw).normalised.segments[0].arriving.local
    back = raw["slices"][0] | {"segments": [out | {"origin": out["destination"], "destination": out["origin"]}]}
    leaves, lands = landed + timedelta(hours=1), landed + timedelta(days=2)
    back["segments"][0] |= {"departing_at": leaves.isoformat(), "arriving_at": lands.isoformat(), "duration": None}
    raw["slices"].append(back | {"duration": None})
    first, second = parse_offer(raw).normalised.segments
    assert second.departing.local < first.departing.local
    assert second.departing.utc > first.arriving.utc


@pytest.mark.parametrize("amount", [139.3, 139, "139,30", "-139.30", "1e3", "NaN", "١٣٩", ""])
def test_an_amount_is_a_plain_decimal_string(amount: Any) -> None:
    assert refusal(sample("one-way-direct") | {"total_amount": amount})[0] == "/total_amount"


@pytest.mark.parametrize(("name", "amount"), [("one-way-direct", "139.305"), ("yen", "21590.5"), ("dinars", "48.8055")])
def test_more_decimals_than_the_currency_has_is_its_own_error(name: str, amount: str) -> None:
    with pytest.raises(AmountInvalid) as caught:
        parse_offer(sample(name) | {"total_amount": amount})
    assert set(caught.value.fields) == {"/total_amount"}


def test_a_total_below_base_and_tax_is_refused() -> None:
    assert refusal(sample("one-way-direct") | {"total_amount": "139.29"})[0] == "/total_amount"


def test_what_a_total_has_beyond_base_and_tax_are_fees() -> None:
    offer = parse_offer(sample("one-way-direct") | {"total_amount": "149.30"}).normalised
    assert offer.fees_minor == 1000
    assert offer.base_minor + offer.tax_minor + offer.fees_minor == offer.total_minor


@pytest.mark.parametrize("field", ["base_currency", "tax_currency"])
def test_base_tax_and_total_share_a_currency(field: str) -> None:
    assert refusal(sample("one-way-direct") | {field: "USD"})[0] == f"/{field}"


@pytest.mark.parametrize("code", ["EURO", "eur", "ZZZ", "XXX1"])
def test_a_currency_is_in_iso_4217(code: str) -> None:
    assert refusal(sample("one-way-direct") | {"base_currency": code})[0] == "/base_currency"


def test_two_passengers_with_one_id_are_refused() -> None:
    raw = sample("two-adults-hold")
    raw["passengers"][1]["id"] = "pas_ana"
    assert refusal(raw)[0] == "/passengers/1/id"


def test_a_segment_speaks_only_of_the_offers_passengers() -> None:
    raw = sample("one-way-direct")
    first_segment(raw)["passengers"][0]["passenger_id"] = "pas_stranger"
    assert refusal(raw)[0] == "/slices/0/segments/0/passengers/0/passenger_id"


@pytest.mark.parametrize(
    ("part", "count", "pointer"), [("slices", 11, "/slices"), ("available_services", 501, "/available_services")]
)
def test_lists_have_a_limit(part: str, count: int, pointer: str) -> None:
    raw = sample("one-way-direct")
    raw[part] = raw[part] * count
    assert refusal(raw)[0] == pointer


def test_texts_have_a_limit() -> None:
    raw = sample("one-way-direct")
    raw["owner"]["name"] = "H" * 301
    assert refusal(raw)[0] == "/owner/name"
