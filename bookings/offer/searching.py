"""Searching: every provider is asked outside any transaction, and what it answers is kept for booking."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from bookings.catalogue import modes
from bookings.offer import asking_around, filtering, party, presentation, services
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.schemas import SearchFlights, SearchResults
from bookings.providers import airports
from bookings.providers.port import Provider
from bookings.providers.types import ParsedOffer, PassengerType, SearchQuery, SliceQuery
from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import InvalidArguments
from movmo.kit.ids import is_id, new_id
from movmo.operations.context import Context

MOST_OFFERS = 100
PAGING = {"limit", "cursor"}


@dataclass(frozen=True, slots=True)
class Place:
    """The last offer shown of a search. `arguments` is the digest of what was searched for."""

    search_id: UUID
    arguments: str
    position: int


def search(ctx: Context, request: SearchFlights) -> SearchResults:
    """A page of offers in the order of `sort`. A provider that cannot be asked is named, not fatal."""
    if request.cursor is not None:
        return _page(ctx, _place(request, request.cursor), limit=request.limit, unavailable=[], left_out=0)
    query, most = _query(request, ctx.now), filtering.budget(request)
    answers = asking_around.ask_all(ctx, _providers(ctx, request, query), query)
    found = [(answer.provider, offer) for answer in answers for offer in answer.offers or ()]
    fitting = filtering.apply(found, request, most=most)
    start = Place(_keep(ctx, fitting[:MOST_OFFERS]), _digest(request), position=-1)
    unavailable = [answer.provider for answer in answers if answer.offers is None]
    left_out = len(found) - len(fitting)
    return _page(ctx, start, limit=request.limit, unavailable=unavailable, left_out=left_out)


def _providers(ctx: Context, request: SearchFlights, query: SearchQuery) -> list[Provider]:
    """Those to ask. Raises what `modes` raises, NotBookable or a rule of the party."""
    if request.provider is not None:
        named = modes.provider(ctx.caller, request.provider)
        if not named.capabilities.search:
            raise services.NotBookable(provider=request.provider, what="searching")
        asked = [named]
    else:
        asked = [one for one in modes.providers_to_ask(ctx.caller) if one.capabilities.search]
    for provider in asked:
        party.check_composition(query.passengers, provider.capabilities)
    return asked


def _query(request: SearchFlights, now: datetime) -> SearchQuery:
    fields = filtering.contradictions(request)
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


def _keep(ctx: Context, found: list[tuple[str, ParsedOffer]]) -> UUID:
    """Store the offers of one search in their order, so that each can be booked and pages do not shift."""
    search_id = new_id()
    offers: list[Offer] = []
    slots: list[OfferSlot] = []
    for position, (provider, parsed) in enumerate(found):
        offer = services.new_offer(ctx.caller, provider, parsed, offer_id=new_id(), now=ctx.now)
        offer.search_id, offer.search_position = search_id, position
        offers.append(offer)
        slots += services.new_slots(offer, parsed.normalised)
    with transaction.atomic(durable=True):
        Offer.objects.bulk_create(offers)
        OfferSlot.objects.bulk_create(slots)
    return search_id


def _page(ctx: Context, last: Place, *, limit: int, unavailable: list[str], left_out: int) -> SearchResults:
    mine = Offer.objects.filter(modes.reached_by(ctx.caller), search_id=last.search_id, user_id=ctx.traveler_id)
    rows = mine.filter(search_position__gt=last.position)
    found = list(rows.order_by("search_position")[: limit + 1])
    search = [str(last.search_id), last.arguments]
    shown, next_cursor = cursor.page(found, limit, lambda offer: [*search, offer.search_position or 0])
    return SearchResults(
        data=[presentation.summary(offer) for offer in shown],
        next_cursor=next_cursor,
        left_out=left_out,
        unavailable=unavailable,
    )


def _place(request: SearchFlights, text: str) -> Place:
    """Raises CursorInvalid, or InvalidArguments where the cursor comes with the arguments of another search."""
    match cursor.decode(text):
        case [str(search_id), str(arguments), int(position)] if is_id(search_id):
            if request.model_fields_set - PAGING and arguments != _digest(request):
                raise InvalidArguments(
                    {"/cursor": "This cursor goes on with a search of other arguments: send it alone."}
                )
            return Place(UUID(search_id), arguments, position)
    raise CursorInvalid


def _digest(request: SearchFlights) -> str:
    searched_for = request.model_dump_json(exclude=PAGING)
    return hashlib.sha256(searched_for.encode()).hexdigest()[:16]
