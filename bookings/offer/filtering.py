"""Which offers a search shows, and in which order.

The filters are ours, so that they mean the same at every provider. What an offer leaves open fits no filter: a fare
that may be refundable is not refundable. The cabin is the exception, because the provider was asked for it: there only
another cabin does not fit.
"""

from collections.abc import Callable
from typing import Any

from bookings.offer.schemas import SearchFlights, SliceRequest
from bookings.providers.types import NormalisedOffer, ParsedOffer, PassengerType, Segment, SegmentPassenger, Slice
from movmo.kit.errors import InvalidArguments
from movmo.kit.money import Money, amount_at

Found = tuple[str, ParsedOffer]
"""An offer, and the name of its provider."""
Key = tuple[Any, ...]


def contradictions(wishes: SearchFlights) -> dict[str, str]:
    """Filters that nothing could fit, by JSON pointer."""
    fields = {
        f"/slices/{index}/latest_departure": "This is before `earliest_departure`."
        for index, part in enumerate(wishes.slices)
        if part.earliest_departure and part.latest_departure and part.latest_departure < part.earliest_departure
    }
    for index, carrier in enumerate(wishes.exclude_carriers):
        if carrier in wishes.carriers:
            fields[f"/exclude_carriers/{index}"] = f"{carrier} is among `carriers`."
    return fields


def budget(wishes: SearchFlights) -> Money | None:
    """Raises AmountInvalid."""
    with amount_at("/max_total"):
        return wishes.max_total.money() if wishes.max_total else None


def apply(found: list[Found], wishes: SearchFlights, *, most: Money | None) -> list[Found]:
    """What fits, in the order of `sort`. `most` is the budget. Raises InvalidArguments where that is in a currency in
    which nothing is sold.
    """
    fitting = [one for one in found if all(fits(one[1].normalised, wishes) for fits in FILTERS)]
    if most is not None:
        fitting = _within(fitting, most)
    return sorted(fitting, key=lambda one: _key(one[1].normalised, wishes))


def _cabin(offer: NormalisedOffer, wishes: SearchFlights) -> bool:
    flown = {fare.cabin_class for segment in offer.segments for fare in segment.passengers}
    return wishes.cabin_class is None or flown <= {wishes.cabin_class, None}


def _connections(offer: NormalisedOffer, wishes: SearchFlights) -> bool:
    most = wishes.max_connections
    return most is None or all(len(part.segments) - 1 <= most for part in offer.slices)


def _carriers(offer: NormalisedOffer, wishes: SearchFlights) -> bool:
    """Where nobody is said to fly it, whoever sells it does."""
    sold_by = {segment.marketing_carrier for segment in offer.segments}
    flown_by = {segment.operating_carrier for segment in offer.segments}
    is_wanted = not wishes.carriers or sold_by <= set(wishes.carriers)
    return is_wanted and (sold_by | flown_by).isdisjoint(wishes.exclude_carriers)


def _departures(offer: NormalisedOffer, wishes: SearchFlights) -> bool:
    return all(map(_leaves_in_time, offer.slices, wishes.slices))


def _leaves_in_time(flown: Slice, wanted: SliceRequest) -> bool:
    leaves = f"{flown.segments[0].departing.local:%H:%M}"
    return (wanted.earliest_departure or "00:00") <= leaves <= (wanted.latest_departure or "23:59")


def _refundable(offer: NormalisedOffer, wishes: SearchFlights) -> bool:
    return not wishes.refundable_only or offer.conditions.refundable.allowed is True


def _holdable(offer: NormalisedOffer, wishes: SearchFlights) -> bool:
    return not (wishes.holdable_only and offer.payment_requirements.requires_instant_payment)


def _bags(offer: NormalisedOffer, wishes: SearchFlights) -> bool:
    """A lap has no allowance of its own."""
    if not wishes.min_checked_bags:
        return True
    seated = {one.provider_passenger_id for one in offer.passengers if one.type is not PassengerType.INFANT}
    return all(seated <= _with_bags(segment, wishes.min_checked_bags) for segment in offer.segments)


def _with_bags(segment: Segment, least: int) -> set[str]:
    return {fare.provider_passenger_id for fare in segment.passengers if _checked_bags(fare) >= least}


def _checked_bags(fare: SegmentPassenger) -> int:
    return sum(bag.quantity for bag in fare.baggage if bag.type == "checked")


def _within(found: list[Found], most: Money) -> list[Found]:
    """What is sold in another currency is left out: nobody here knows what it is worth."""
    totals = [offer.normalised.total for _, offer in found]
    sold_in = {total.currency for total in totals}
    if sold_in and most.currency not in sold_in:
        problem = f"These flights are sold in {', '.join(sorted(sold_in))}. Use that, or leave `max_total` out."
        raise InvalidArguments({"/max_total/currency": problem})
    comparable = zip(found, totals, strict=True)
    return [one for one, total in comparable if total.currency == most.currency and total.minor <= most.minor]


def _key(offer: NormalisedOffer, wishes: SearchFlights) -> Key:
    """The cheaper of two that are equal comes first, within a currency, and then always the same one; of two providers
    that which was found first.
    """
    return (*FIRST[wishes.sort](offer), offer.currency, offer.total_minor, offer.provider_offer_id)


FILTERS: tuple[Callable[[NormalisedOffer, SearchFlights], bool], ...] = (
    _cabin,
    _connections,
    _carriers,
    _departures,
    _refundable,
    _holdable,
    _bags,
)
FIRST: dict[str, Callable[[NormalisedOffer], Key]] = {
    "price": lambda offer: (),
    "duration": lambda offer: (sum(part.duration_minutes for part in offer.slices),),
    "departure": lambda offer: (offer.segments[0].departing.utc,),
}
