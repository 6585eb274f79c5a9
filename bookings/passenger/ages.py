"""Passenger types from birth dates: IATA's under 2, 2 to 11, and 12 or older, on the day of travel."""

from datetime import date

from bookings.providers.types import PassengerType

INFANT_UNTIL = 2
CHILD_UNTIL = 12


def age_on(birth_date: date, day: date) -> int:
    """Completed years. Someone born on 29 February completes a year on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def type_on(birth_date: date, day: date) -> PassengerType:
    """ADT, CHD or INF. Whether an infant has a seat is the offer's to say."""
    age = age_on(birth_date, day)
    if age < INFANT_UNTIL:
        return PassengerType.INFANT
    return PassengerType.CHILD if age < CHILD_UNTIL else PassengerType.ADULT
