"""What the cabins of each aircraft look like, and what a seat costs. Pure."""

import re
from dataclasses import dataclass

from bookings.providers.types import CabinClass, PassengerType
from bookings.sandbox_airline.fares import from_eurocents
from bookings.sandbox_airline.network import FLEET
from movmo.kit.money import Money

AISLE = ""
DESIGNATOR = re.compile(r"[1-9][0-9]?[A-Z]")
WINDOW_EUROCENTS = 1_400
AISLE_EUROCENTS = 1_200
MIDDLE_EUROCENTS = 700
FRONT_EUROCENTS = 900
EXIT_EUROCENTS = 1_600
FRONT_ROWS = 4
# These brands include the seats that nobody fights for.
GENEROUS_BRANDS = ("Flex", "Business")


@dataclass(frozen=True, slots=True)
class Cabin:
    """`columns` has an empty text for each aisle."""

    cabin_class: CabinClass
    columns: tuple[str, ...]
    rows: range
    exit_rows: tuple[int, ...] = ()

    def position(self, column: str) -> str:
        place = self.columns.index(column)
        if place in (0, len(self.columns) - 1):
            return "window"
        return "aisle" if AISLE in (self.columns[place - 1], self.columns[place + 1]) else "middle"

    def split(self, designator: str) -> tuple[int, str] | None:
        """Row and column of "12A"; None where there is no such seat."""
        if not DESIGNATOR.fullmatch(designator):
            return None
        row, column = int(designator[:-1]), designator[-1]
        return (row, column) if row in self.rows and column in self.columns else None


ECONOMY, BUSINESS = CabinClass.ECONOMY, CabinClass.BUSINESS
SMALL, MEDIUM, LARGE = (craft.name for craft in FLEET)
CABINS = {
    SMALL: (
        Cabin(BUSINESS, ("A", "C", AISLE, "D", "F"), range(1, 4)),
        Cabin(ECONOMY, ("A", "C", AISLE, "D", "E", "F"), range(4, 26), (14,)),
    ),
    MEDIUM: (
        Cabin(BUSINESS, ("A", "C", AISLE, "D", "F"), range(1, 5)),
        Cabin(ECONOMY, ("A", "B", "C", AISLE, "D", "E", "F"), range(5, 33), (16, 17)),
    ),
    LARGE: (
        Cabin(BUSINESS, ("A", AISLE, "D", "G", AISLE, "K"), range(1, 9)),
        Cabin(ECONOMY, ("A", "B", "C", AISLE, "D", "E", "F", AISLE, "G", "H", "K"), range(20, 45), (31,)),
    ),
}


def cabins_of(aircraft: str | None) -> tuple[Cabin, ...]:
    """An adopted flight's aircraft, which may be any, looks like the middle one."""
    return CABINS.get(aircraft or "", CABINS[MEDIUM])


def seat_price(
    cabin: Cabin, row: int, column: str, passenger: PassengerType, *, brand: str | None, currency: str
) -> Money | None:
    """None where this passenger may not sit: on a lap nobody needs a seat, and children do not open exits."""
    if passenger is PassengerType.INFANT or (row in cabin.exit_rows and passenger is not PassengerType.ADULT):
        return None
    return from_eurocents(_eurocents(cabin, row, column, brand), currency)


def _eurocents(cabin: Cabin, row: int, column: str, brand: str | None) -> int:
    """In business class every seat is included."""
    if cabin.cabin_class is BUSINESS:
        return 0
    position = cabin.position(column)
    is_front = row < cabin.rows.start + FRONT_ROWS
    is_exit = row in cabin.exit_rows
    if position == "middle" and not is_front and not is_exit and brand in GENEROUS_BRANDS:
        return 0
    by_position = {"window": WINDOW_EUROCENTS, "aisle": AISLE_EUROCENTS, "middle": MIDDLE_EUROCENTS}
    return by_position[position] + FRONT_EUROCENTS * is_front + EXIT_EUROCENTS * is_exit
