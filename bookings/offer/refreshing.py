"""Reading an offer again: the provider is asked outside any transaction, and what it says replaces what was kept."""

from dataclasses import dataclass
from datetime import datetime

from bookings.catalogue import modes
from bookings.offer import ancillaries, asking, presentation, queries, services
from bookings.offer.ancillaries import SEAT
from bookings.offer.models import Offer
from bookings.offer.schemas import MoneyView, OfferStatus, RefreshOffer, RefreshView
from bookings.providers.port import Provider
from bookings.providers.seating import SeatMap
from bookings.providers.types import ParsedOffer
from movmo.operations.context import Context


@dataclass(frozen=True, slots=True)
class Reading:
    """What the provider said of the offer as it stood; `seats` only where some were chosen and are still told."""

    offer: Offer
    parsed: ParsedOffer
    seats: SeatMap | None


def ask(ctx: Context, request: RefreshOffer) -> Reading:
    """Ask the provider. Raises NotFound, ProviderNotForKey, OfferStale, or as `asking.reprice`."""
    offer = queries.visible(ctx.caller, provider=request.provider, offer_id=request.offer_id)
    services.check_active(offer, now=ctx.now)
    provider = modes.provider(ctx.caller, offer.provider)
    parsed = asking.reprice(provider, offer, queries.slots_of(offer), now=ctx.now)
    return Reading(offer, parsed, _seats(provider, offer, parsed, now=ctx.now))


def _seats(provider: Provider, offer: Offer, parsed: ParsedOffer, *, now: datetime) -> SeatMap | None:
    has_seats = any(one.type == SEAT for one in offer.chosen)
    return asking.seat_map(provider, offer, parsed, now=now) if has_seats else None


def refresh(ctx: Context, reading: Reading) -> RefreshView:
    """Put the reading in the place of what was kept, unless the offer was booked or changed meanwhile.

    Slots stay, and with them who is on them. Raises OfferStale or ReadingRefused.
    """
    offer, content, now = reading.offer, reading.parsed.normalised, ctx.clock()
    if content.expires_at is not None and content.expires_at <= now:
        raise services.stale(offer, "the provider says it has expired")
    old = offer.total
    kept, dropped = ancillaries.found_again(offer.chosen, content, reading.seats)
    asking.check_sum(offer, content, kept)
    services.change(offer, by=offer.user_id)
    services.take_reading(offer, reading.parsed, now=now)
    services.put_services(offer, kept)
    offer.save(update_fields=[*services.READING, *services.CHOSEN])
    return RefreshView(
        old=MoneyView.of(old),
        new=MoneyView.of(offer.total),
        changed=old != offer.total,
        dropped_services=presentation.chosen_services(dropped),
        offer=queries.view(offer, status=OfferStatus.ACTIVE),
    )
