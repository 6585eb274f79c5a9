"""Searching: every provider is asked outside any transaction, and what it answers is kept for booking."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from bookings.catalogue import modes
from bookings.offer import party, presentation, services
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.schemas import SearchFlights, SearchResults
from bookings.providers import airports
from bookings.providers.errors import ProviderFailure
from bookings.providers.types import ParsedOffer, PassengerType, SearchQuery, SliceQuery
from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import InvalidArguments
from movmo.kit.ids import is_id, new_id
from movmo.operations.context import Context

log = structlog.get_logger()

MOST_OFFERS = 100


def search(ctx: Context, request: SearchFlights) -> SearchResults:
    """A page of offers, cheapest first. A provider that cannot be asked is named, not fatal."""
    if request.cursor is not None:
        search_id, position = _position(request.cursor)
        return _page(ctx, search_id, after=position, limit=request.limit, unavailable=[])
    query = _query(request, ctx.now)
    providers = (
        [modes.provider(ctx.caller, request.provider)] if request.provider else modes.providers_to_ask(ctx.caller)
    )
    asked = [provider for provider in providers if provider.capabilities.search]
    for provider in asked:
        party.check_composition(query.passengers, provider.capabilities)
    found: list[tuple[str, ParsedOffer]] = []
    unavailable: list[str] = []
    for provider in asked:
        try:
            offers = provider.search(query, now=ctx.now)
        except ProviderFailure as failure:
            log.warning("search.failed", provider=provider.capabilities.provider, detail=failure.detail)
            unavailable.append(provider.capabilities.provider)
        else:
            found += [(provider.capabilities.provider, offer) for offer in offers if _fits(offer, request)]
    search_id = _keep(ctx, found)
    return _page(ctx, search_id, after=-1, limit=request.limit, unavailable=unavailable)


def _query(request: SearchFlights, now: datetime) -> SearchQuery:
    fields: dict[str, str] = {}
    # The earliest "today" on Earth is UTC-12's, so a date before yesterday's is past everywhere.
    for index, part in enumerate(request.slices):
        if (now.date() - part.departure_date).days > 1:
            fields[f"/slices/{index}/departure_date"] = "This date lies in the past."
        for end, code in (("origin", part.origin), ("destination", part.destination)):
            if airports.airport(code) is None:
                fields[f"/slices/{index}/{end}"] = f"No airport has the IATA code {code}."
        if part.origin == part.destination:
            fields[f"/slices/{index}/destination"] = "Origin and destination are the same airport."
    if fields:
        raise InvalidArguments(fields)
    return SearchQuery(
        slices=tuple(SliceQuery(part.origin, part.destination, part.departure_date) for part in request.slices),
        passengers=(
            (PassengerType.ADULT,) * request.adults
            + (PassengerType.CHILD,) * request.children
            + (PassengerType.INFANT,) * request.infants
        ),
        cabin_class=request.cabin_class,
    )


def _fits(offer: ParsedOffer, request: SearchFlights) -> bool:
    most = request.max_connections
    return most is None or all(len(part.segments) - 1 <= most for part in offer.normalised.slices)


def _keep(ctx: Context, found: list[tuple[str, ParsedOffer]]) -> UUID:
    """Store the offers of one search, cheapest first, so that each can be booked and pages do not shift."""
    search_id = new_id()
    found.sort(key=lambda pair: (pair[1].normalised.currency, pair[1].normalised.total_minor))
    offers: list[Offer] = []
    slots: list[OfferSlot] = []
    for position, (provider, parsed) in enumerate(found[:MOST_OFFERS]):
        offer = services.new_offer(ctx.caller, provider, parsed, offer_id=new_id(), now=ctx.now)
        offer.search_id, offer.search_position = search_id, position
        offers.append(offer)
        slots += services.new_slots(offer, parsed.normalised)
    with transaction.atomic(durable=True):
        Offer.objects.bulk_create(offers)
        OfferSlot.objects.bulk_create(slots)
    return search_id


def _page(ctx: Context, search_id: UUID, *, after: int, limit: int, unavailable: list[str]) -> SearchResults:
    mine = Offer.objects.filter(modes.reached_by(ctx.caller), search_id=search_id, user_id=ctx.traveler_id)
    rows = mine.filter(search_position__gt=after)
    found = list(rows.order_by("search_position")[: limit + 1])
    shown, next_cursor = cursor.page(found, limit, lambda offer: [str(search_id), offer.search_position or 0])
    return SearchResults(
        data=[presentation.summary(offer) for offer in shown], next_cursor=next_cursor, unavailable=unavailable
    )


def _position(text: str) -> tuple[UUID, int]:
    match cursor.decode(text):
        case [str(search_id), int(position)] if is_id(search_id):
            return UUID(search_id), position
    raise CursorInvalid
