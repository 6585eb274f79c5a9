"""Asking a provider about an offer that we hold: what it costs now, and which seats are left. No transaction is open.

DomainError
├── NotBookable            (services) the provider has no such question
├── SoldOut, OfferStale    (services) the provider's word on the offer
├── ProviderUnreachable    nobody answered; the same question again does no harm
└── ReadingRefused         the answer is none that anything could be sold by
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain

import structlog

from bookings.offer.ancillaries import ChosenService
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.services import NotBookable, SoldOut, raw_of, stale
from bookings.passenger import queries as passengers
from bookings.providers.errors import OfferUnrecognized, ProviderFailure, Refusal, Rejected
from bookings.providers.port import Provider
from bookings.providers.seating import SeatMap
from bookings.providers.types import NormalisedOffer, OrderPassenger, ParsedOffer, PassengerType
from movmo.kit.errors import DomainError, Kind
from movmo.kit.money import LARGEST_MINOR, AmountInvalid

log = structlog.get_logger()

PAUSE_SECONDS = 5


class ProviderUnreachable(DomainError):
    kind = Kind.UPSTREAM_UNREACHABLE
    code = "provider_unreachable"
    message = "{provider} does not answer."
    hint = "Nothing was changed. Repeat the same call after `Retry-After` seconds."
    retryable = True


class ReadingRefused(DomainError):
    kind = Kind.UPSTREAM_REFUSED
    code = "provider_answer_unusable"
    message = "{provider} gave an answer that nothing can be sold by: {problem}."
    hint = "Nothing was changed, and the offer is as it was. Book another offer, or try again later."


def reprice(provider: Provider, offer: Offer, slots: list[OfferSlot], *, now: datetime) -> ParsedOffer:
    """The same flights for the same slots as they are sold now.

    Raises NotBookable, SoldOut, OfferStale, ProviderUnreachable or ReadingRefused.
    """
    if not provider.capabilities.pricing_step:
        raise NotBookable(provider=offer.provider, what="reading an offer's price again")
    with _in_our_words(offer):
        parsed = provider.reprice(raw_of(offer), _people(slots), now=now)
    if problem := _difference(offer.content, parsed.normalised):
        raise _refused(offer, problem)
    return parsed


def seat_map(provider: Provider, offer: Offer, reading: ParsedOffer, *, now: datetime) -> SeatMap:
    """The seats of every flight. `reading` is the newest of the offer, kept already or not. Raises as above."""
    if not provider.capabilities.seat_map:
        raise NotBookable(provider=offer.provider, what="choosing seats")
    with _in_our_words(offer):
        seats = provider.seat_map(reading, now=now)
    if problem := _bad_price(seats, reading.normalised):
        raise _refused(offer, problem)
    return seats


@contextmanager
def _in_our_words(offer: Offer) -> Iterator[None]:
    try:
        yield
    except Rejected as failure:
        log.info("offer.reading_refused", offer_id=str(offer.pk), refusal=failure.refusal, detail=failure.detail)
        if failure.refusal is Refusal.SOLD_OUT:
            raise SoldOut from None
        if failure.refusal is Refusal.OFFER_EXPIRED:
            raise stale(offer, "the provider says it has expired") from None
        raise ReadingRefused(provider=offer.provider, problem="it refused to tell") from None
    except ProviderFailure as failure:
        log.warning("offer.unanswered", offer_id=str(offer.pk), detail=failure.detail)
        raise ProviderUnreachable(provider=offer.provider, retry_after=PAUSE_SECONDS) from None
    except (OfferUnrecognized, AmountInvalid) as failure:
        log.error("offer.unreadable", offer_id=str(offer.pk), detail=str(failure))
        raise ReadingRefused(provider=offer.provider, problem="it cannot be read") from None


def check_sum(offer: Offer, content: NormalisedOffer, chosen: Sequence[ChosenService]) -> None:
    """Prices that no account could hold, each of them possible by itself. Raises ReadingRefused."""
    if content.total_minor + sum(one.total_minor for one in chosen) > LARGEST_MINOR:
        raise _refused(offer, "the total is out of range")


def _refused(offer: Offer, problem: str) -> ReadingRefused:
    log.error("offer.unusable", offer_id=str(offer.pk), detail=problem)
    return ReadingRefused(provider=offer.provider, problem=problem)


def _people(slots: list[OfferSlot]) -> tuple[OrderPassenger, ...]:
    """Those who are known already, named as their tickets will name them; nothing more is told of them."""
    known = [(slot, slot.passenger) for slot in slots if slot.passenger and not slot.passenger.deleted_at]
    return tuple(
        OrderPassenger(
            provider_passenger_id=slot.provider_passenger_id,
            type=PassengerType(slot.type),
            given_name=passengers.ticket_name(person).partition("/")[2],
            family_name=passengers.ticket_name(person).partition("/")[0],
            birth_date=person.birth_date,
            gender=person.gender,
            associated_adult=slot.associated_adult,
        )
        for slot, person in known
    )


def _difference(before: NormalisedOffer, after: NormalisedOffer) -> str:
    """What makes the new reading another offer; nothing when it is the same one."""
    if _party(before) != _party(after):
        return "its passengers are others"
    if _flights(before) != _flights(after):
        return "its flights are others"
    if after.currency != before.currency:
        return f"its price is in {after.currency}"
    if after.total_minor < 0:
        return "its price is negative"
    return ""


def _party(content: NormalisedOffer) -> set[tuple[str, str]]:
    return {(slot.provider_passenger_id, slot.type) for slot in content.passengers}


def _flights(content: NormalisedOffer) -> list[tuple[object, ...]]:
    return [
        (
            segment.marketing_carrier,
            segment.marketing_flight_number,
            segment.origin.iata_code,
            segment.destination.iata_code,
            segment.departing.local.date(),
        )
        for segment in content.segments
    ]


def _bad_price(seats: SeatMap, content: NormalisedOffer) -> str:
    """Money that is none: a seat is sold in the offer's currency or not at all, and nobody is paid for sitting down."""
    rows = (row for part in seats.segments for cabin in part.cabins for row in cabin.rows)
    for seat in chain.from_iterable(rows):
        for price in seat.prices:
            if price.total.currency != content.currency:
                return f"seat {seat.designator} costs {price.total.currency}"
            if price.total.minor < 0:
                return f"seat {seat.designator} has a negative price"
    return ""
