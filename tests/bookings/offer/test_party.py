"""Who may travel together."""

from dataclasses import replace
from datetime import date

import pytest

from bookings.offer.party import (
    DuplicateName,
    InfantTurnsTwo,
    InfantWithoutAdult,
    PassengerTypeMismatch,
    TooManyPassengers,
    Traveller,
    UnaccompaniedMinor,
    check_age,
    check_composition,
    check_party,
)
from bookings.providers.duffel.mapping import parse_offer
from bookings.providers.sandbox.capabilities import CAPABILITIES
from bookings.providers.types import NormalisedOffer, PassengerType
from movmo.kit.errors import DomainError
from tests.bookings.providers.samples import sample

ADT, CHD, INF, INS = PassengerType
RETURN = parse_offer(sample("return-with-connection")).normalised
FIRST_DAY, LAST_DAY = RETURN.segments[0].departing.local.date(), RETURN.segments[-1].departing.local.date()


def years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years)


def refusal(*types: PassengerType, at_most: int = 9) -> type[DomainError] | None:
    try:
        check_composition(types, replace(CAPABILITIES, max_passengers=at_most))
    except DomainError as refused:
        return type(refused)
    return None


@pytest.mark.parametrize(
    "party", [(ADT,), (ADT, INF), (ADT, ADT, CHD, INF, INF), (ADT,) * 9, (ADT, INS, INS), (ADT, CHD, CHD)]
)
def test_these_may_travel_together(party: tuple[PassengerType, ...]) -> None:
    assert refusal(*party) is None


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        ((ADT,) * 10, TooManyPassengers),
        ((ADT, INF, INF), InfantWithoutAdult),
        ((CHD,), UnaccompaniedMinor),
        ((INF,), UnaccompaniedMinor),
        ((CHD, INS), UnaccompaniedMinor),
        ((), UnaccompaniedMinor),
    ],
)
def test_these_may_not(party: tuple[PassengerType, ...], expected: type[DomainError]) -> None:
    assert refusal(*party) is expected


def test_the_provider_s_own_maximum_counts() -> None:
    assert refusal(ADT, ADT, at_most=1) is TooManyPassengers


@pytest.mark.parametrize(
    ("type_", "birth"),
    [
        (ADT, years_before(FIRST_DAY, 12)),
        (CHD, years_before(FIRST_DAY, 2)),
        (CHD, years_before(FIRST_DAY, 11)),
        (INF, LAST_DAY.replace(year=LAST_DAY.year - 1)),
        (INS, LAST_DAY.replace(year=LAST_DAY.year - 1)),
    ],
)
def test_an_age_that_fits_its_slot_on_every_departure_passes(type_: PassengerType, birth: date) -> None:
    check_age(type_, birth, RETURN)


@pytest.mark.parametrize("type_", [INF, INS])
def test_an_infant_that_turns_two_before_the_way_back_is_refused(type_: PassengerType) -> None:
    with pytest.raises(InfantTurnsTwo) as caught:
        check_age(type_, years_before(LAST_DAY, 2), RETURN)
    assert caught.value.facts == {"departure_date": LAST_DAY.isoformat()}


def test_a_child_that_turns_twelve_before_the_way_back_is_refused() -> None:
    with pytest.raises(PassengerTypeMismatch) as caught:
        check_age(CHD, years_before(LAST_DAY, 12), RETURN)
    assert caught.value.facts == {"actual": "ADT", "expected": "CHD", "departure_date": LAST_DAY.isoformat()}


@pytest.mark.parametrize(("type_", "age"), [(ADT, 8), (CHD, 30), (CHD, 1), (INF, 5), (INS, 30)])
def test_somebody_of_another_type_is_refused(type_: PassengerType, age: int) -> None:
    with pytest.raises(PassengerTypeMismatch):
        check_age(type_, years_before(FIRST_DAY, age), RETURN)


def test_the_local_date_of_the_origin_decides() -> None:
    raw = sample("date-line")
    raw["slices"][0]["segments"][0]["departing_at"] = "2027-05-24T05:30:00"
    content = parse_offer(raw).normalised
    departing = content.segments[0].departing
    assert departing.utc.date() < departing.local.date()
    check_age(ADT, years_before(departing.local.date(), 12), content)


def ana(content: NormalisedOffer, name: str) -> Traveller:
    return Traveller(ADT, years_before(content.segments[0].departing.local.date(), 30), name)


def test_two_passengers_with_one_ticket_name_are_refused() -> None:
    with pytest.raises(DuplicateName) as caught:
        check_party([ana(RETURN, "MUELLER/ANA"), ana(RETURN, "MUELLER/ANA")], RETURN)
    assert caught.value.facts == {"name": "MUELLER/ANA"}


def test_two_passengers_with_two_ticket_names_pass() -> None:
    check_party([ana(RETURN, "MUELLER/ANA"), ana(RETURN, "MUELLER/BEA")], RETURN)


def test_everybody_s_age_is_checked() -> None:
    child = Traveller(ADT, years_before(FIRST_DAY, 8), "MUELLER/CLEO")
    with pytest.raises(PassengerTypeMismatch):
        check_party([ana(RETURN, "MUELLER/ANA"), child], RETURN)
