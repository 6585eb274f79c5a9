"""The feed: a partner's bookings in the order in which their changes became readable."""

from django.db.models import QuerySet

from bookings.booking.feed.schemas import FedBooking, FeedPage, ReadFeed
from bookings.booking.models import SHOWN_IN_FEED, Booking
from bookings.booking.queries import cancellation_of, summary_of
from bookings.catalogue import modes
from movmo.operations.context import Context
from partners.event import cursors

LIST = b"list_partner_bookings"


def asked_for(ctx: Context, request: ReadFeed) -> QuerySet[Booking]:
    """The partner's bookings that the key reaches, in no order."""
    rows = Booking.objects.filter(modes.reached_by(ctx.caller), partner_id=ctx.partner_id)
    return rows.filter(updated_at__gte=request.updated_since) if request.updated_since else rows


def place_of(ctx: Context, request: ReadFeed) -> int:
    """Raises CursorInvalid."""
    return cursors.opened(request.cursor, ctx, of=LIST)


def page(ctx: Context, request: ReadFeed, *, after: int, more_to_come: bool) -> FeedPage:
    """What has its place behind the cursor. What changes while this is read loses its place, and comes later."""
    columns = (*SHOWN_IN_FEED, "provider", "offer_id", "created_at", "feed_place")
    rows = asked_for(ctx, request).filter(feed_place__gt=after).order_by("feed_place")
    read = list(rows.only(*columns)[: request.limit + 1])
    shown = read[: request.limit]
    reached = (shown[-1].feed_place if shown else None) or after
    return FeedPage(
        data=[_told(booking) for booking in shown],
        next_cursor=cursors.sealed(reached, ctx, of=LIST),
        has_more=len(read) > request.limit or more_to_come,
    )


def _told(booking: Booking) -> FedBooking:
    return FedBooking(
        **summary_of(booking),
        mode=booking.mode,
        record_locators=booking.record_locators,
        offer_id=booking.offer_id,
        payment_required_by=booking.payment_required_by,
        failure_code=booking.failure_code or None,
        cancellation=cancellation_of(booking),
        updated_at=booking.updated_at,
    )
