"""Passenger types from birth dates: IATA's under 2, 2 to 11, and 12 or older, on the day of travel."""

from datetime import date

from bookings.providers.types import PassengerType, type_at_age


def age_on(birth_date: date, day: date) -> int:
    """Completed years. Someone born on 29 February completes a year on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def type_on(birth_date: date, day: date) -> PassengerType:
    """ADT, CHD or INF."""
    return type_at_age(age_on(birth_date, day))
