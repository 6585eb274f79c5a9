"""What a seat costs and on which terms: brands, currencies, prices, deadlines.

Amounts are integer minor units from end to end."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from bookings.providers.types import CabinClass, PassengerType
from bookings.sandbox_airline.schedule import Flight, Itinerary, draw
from movmo.kit.money import Money, exponent

OFFER_LIFE = timedelta(minutes=30)
HOLD = timedelta(hours=24)
PRICE_GUARANTEE = timedelta(hours=2)

CHILD_PERCENT = 75
LAP_INFANT_PERCENT = 10
TAX_PERCENT = 7
AIRPORT_CHARGE_EUROCENTS = 1_850
BASE_FARE_EUROCENTS = 2_900
EUROCENTS_PER_KM = 6
EXTRA_BAG_EUROCENTS = 3_500


@dataclass(frozen=True, slots=True)
class Brand:
    """A fare family. Penalties are percentages of the total; None means that it is not allowed."""

    name: str
    code: str
    cabin: CabinClass
    price_percent: int
    checked_bags: int
    change_penalty_percent: int | None
    refund_penalty_percent: int | None
    holdable: bool


BRANDS = (
    Brand("Light", "LGT", CabinClass.ECONOMY, 100, 0, None, None, holdable=False),
    Brand("Standard", "STD", CabinClass.ECONOMY, 130, 1, 20, None, holdable=True),
    Brand("Flex", "FLX", CabinClass.ECONOMY, 175, 1, 0, 15, holdable=True),
    Brand("Business", "BUS", CabinClass.BUSINESS, 420, 2, 0, 0, holdable=True),
)

# By country of departure: the currency and how many of it make a euro. Plausible, fixed, no market data.
CURRENCIES = {
    "AE": ("AED", Decimal("4.0")),
    "AU": ("AUD", Decimal("1.65")),
    "BH": ("BHD", Decimal("0.41")),
    "GB": ("GBP", Decimal("0.86")),
    "JP": ("JPY", Decimal("162")),
    "MU": ("MUR", Decimal("50")),
    "SG": ("SGD", Decimal("1.46")),
    "US": ("USD", Decimal("1.09")),
}
ELSEWHERE = ("EUR", Decimal("1"))
PER_EURO = dict([*CURRENCIES.values(), ELSEWHERE])


@dataclass(frozen=True, slots=True)
class Price:
    """The price of an offer for everybody; `extra_bag` is that of one more checked bag on one slice."""

    base: Money
    tax: Money
    extra_bag: Money

    @property
    def total(self) -> Money:
        return self.base + self.tax


def price(slices: tuple[Itinerary, ...], brand: Brand, passengers: tuple[PassengerType, ...]) -> Price:
    """The price of everybody on every flight, in the currency of the country where the journey begins."""
    flights = [flight for itinerary in slices for flight in itinerary]
    currency, _ = CURRENCIES.get(slices[0][0].route.origin.country_code, ELSEWHERE)
    base = tax = 0
    for passenger in passengers:
        fare = sum(_base_eurocents(flight, brand) for flight in flights) * _percent_of_adult(passenger) // 100
        base += fare
        tax += fare * TAX_PERCENT // 100
        if passenger is not PassengerType.INFANT:
            tax += AIRPORT_CHARGE_EUROCENTS * len(flights)
    return Price(*(from_eurocents(eurocents, currency) for eurocents in (base, tax, EXTRA_BAG_EUROCENTS)))


def raised(cost: Price, percent: int) -> Price:
    """The same seats for `percent` of what they cost; bags stay as they are."""
    total, tax = percentage(cost.total, percent), percentage(cost.tax, percent)
    return Price(Money(total.minor - tax.minor, tax.currency), tax, cost.extra_bag)


def percentage(amount: Money, percent: int) -> Money:
    """`percent` of an amount, rounded half up to a whole minor unit."""
    return Money((amount.minor * percent + 50) // 100, amount.currency)


def from_eurocents(eurocents: int, currency: str) -> Money:
    """In a currency of an adopted offer that the airline does not know, as many as euros."""
    minor = (Decimal(eurocents) / 100 * PER_EURO.get(currency, Decimal(1))).scaleb(exponent(currency))
    return Money(int(minor.to_integral_value(ROUND_HALF_UP)), currency)


def _base_eurocents(flight: Flight, brand: Brand) -> int:
    """Demand moves a flight's fare between -15 % and +25 %, by flight and date."""
    demand = 85 + draw("demand", flight.number, flight.departure_date, among=41)
    full = BASE_FARE_EUROCENTS + EUROCENTS_PER_KM * flight.route.distance_km
    return full * demand * brand.price_percent // 10_000


def _percent_of_adult(passenger: PassengerType) -> int:
    return {PassengerType.CHILD: CHILD_PERCENT, PassengerType.INFANT: LAP_INFANT_PERCENT}.get(passenger, 100)
