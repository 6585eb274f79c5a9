"""The rules of who may travel together: pure functions over an offer's slots and the people mapped to them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bookings.passenger.ages import age_on, type_on
from bookings.providers.types import INFANT_UNTIL, Capabilities, NormalisedOffer, PassengerType
from movmo.kit.errors import DomainError, Kind

INFANTS = (PassengerType.INFANT, PassengerType.INFANT_WITH_SEAT)


class TooManyPassengers(DomainError):
    kind = Kind.RULE
    code = "too_many_passengers"
    message = "{provider} books at most {maximum} passengers together; these are {count}."
    hint = "Split the party into several bookings."


class InfantWithoutAdult(DomainError):
    kind = Kind.RULE
    code = "infant_without_adult"
    message = "There are {infants} lap infants and {adults} adults: each infant needs an adult of its own."
    hint = "Add an adult, or book a seat for the infant."


class UnaccompaniedMinor(DomainError):
    kind = Kind.RULE
    code = "unaccompanied_minor"
    message = "Nobody of this party is 12 or older."
    hint = "Add an adult; Movmo does not book unaccompanied minors."


class PassengerTypeMismatch(DomainError):
    kind = Kind.RULE
    code = "passenger_type_mismatch"
    message = "This passenger travels as {actual} on {departure_date}, but the slot is for {expected}."
    hint = "Map a passenger of the slot's type, or search again with the right numbers of adults, children and infants."


class InfantTurnsTwo(DomainError):
    kind = Kind.RULE
    code = "infant_turns_two"
    message = "This infant turns two before the departure on {departure_date}."
    hint = "Search again with this passenger as a child."


class DuplicateName(DomainError):
    kind = Kind.RULE
    code = "duplicate_name"
    message = "Two passengers would be ticketed as “{name}”."
    hint = "Airlines cancel such bookings as duplicates; book one of them separately."


@dataclass(frozen=True, slots=True)
class Traveller:
    """A person on a slot, as far as the rules look."""

    type: PassengerType
    birth_date: date
    ticket_name: str


def check_composition(types: Sequence[PassengerType], capabilities: Capabilities) -> None:
    """Numbers only. Raises TooManyPassengers, InfantWithoutAdult or UnaccompaniedMinor."""
    counts = Counter(types)
    if len(types) > capabilities.max_passengers:
        raise TooManyPassengers(provider=capabilities.provider, maximum=capabilities.max_passengers, count=len(types))
    if not counts[PassengerType.ADULT]:
        raise UnaccompaniedMinor
    if counts[PassengerType.INFANT] > counts[PassengerType.ADULT]:
        raise InfantWithoutAdult(infants=counts[PassengerType.INFANT], adults=counts[PassengerType.ADULT])


def check_age(type_: PassengerType, birth_date: date, content: NormalisedOffer) -> None:
    """The type on every departure, by the origin's local date. Raises PassengerTypeMismatch or InfantTurnsTwo."""
    departures = [segment.departing.local.date() for segment in content.segments]
    infant_at_first = age_on(birth_date, departures[0]) < INFANT_UNTIL
    for day in departures:
        actual = type_on(birth_date, day)
        if type_ in INFANTS and infant_at_first and actual is not PassengerType.INFANT:
            raise InfantTurnsTwo(departure_date=day.isoformat())
        expected = PassengerType.INFANT if type_ in INFANTS else type_
        if actual is not expected:
            raise PassengerTypeMismatch(actual=actual.value, expected=type_.value, departure_date=day.isoformat())


def check_party(travellers: Iterable[Traveller], content: NormalisedOffer) -> None:
    """Everybody's age, and no two alike on the ticket. Raises as `check_age`, or DuplicateName."""
    names: set[str] = set()
    for traveller in travellers:
        check_age(traveller.type, traveller.birth_date, content)
        if traveller.ticket_name in names:
            raise DuplicateName(name=traveller.ticket_name)
        names.add(traveller.ticket_name)
