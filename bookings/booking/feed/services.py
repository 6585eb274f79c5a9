"""Places in a partner's feed, given out to what has changed since somebody last read it.

A change takes the place of its booking away, in the same statement; taking a booking for a call and letting go of it
writes nothing that the feed shows, and is none. A reader first gives the next places to its partner's bookings that
have none, under one lock to the commit, and then reads in their order. So a place is given only to what has committed,
places become readable in their order, and a row never has two: nothing appears behind a cursor later, however late its
transaction commits and whatever its clock said, and nothing is told twice that did not change.
"""

from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet

from bookings.booking.feed import queries
from bookings.booking.feed.models import FeedCounter
from bookings.booking.feed.schemas import FeedPage, ReadFeed
from bookings.booking.models import Booking
from movmo.operations.context import Context

AT_ONCE = 1_000
"""Bookings that get their places in one transaction: a partner's first reading may find a million without."""


def read(ctx: Context, request: ReadFeed) -> FeedPage:
    """Raises CursorInvalid."""
    after = queries.place_of(ctx, request)
    unplaced = queries.asked_for(ctx, request).filter(feed_place=None)
    more_to_come = give_places(unplaced, partner_id=ctx.partner_id)
    return queries.page(ctx, request, after=after, more_to_come=more_to_come)


def give_places(unplaced: QuerySet[Booking], *, partner_id: UUID) -> bool:
    """To rows of the partner without one, oldest change first. Whether there may be more of them."""
    if not unplaced.exists():  # most readings find nothing new, and take no lock
        return False
    with transaction.atomic(durable=True):
        FeedCounter.objects.bulk_create([FeedCounter(partner_id=partner_id)], ignore_conflicts=True)
        counter = FeedCounter.objects.filter(partner_id=partner_id)
        # The row stays locked until the commit. Numbers that are not used up leave a gap, which nobody sees.
        counter.update(place=F("place") + AT_ONCE)
        # A booking that is being changed is passed over: it will have no place after that change either.
        free = unplaced.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("updated_at", "id")
        ids = list(free.values_list("pk", flat=True)[:AT_ONCE])
        _number(ids, after=counter.get().place - AT_ONCE)
    return len(ids) == AT_ONCE


def _number(ids: list[UUID], *, after: int) -> None:
    """By one statement, in the order of the ids."""
    if not ids:
        return
    named = [Booking._meta.pk.get_db_prep_value(one, connection) for one in ids]
    rows = ", ".join(["(%s, %s)"] * len(named))
    statement = f"""
        WITH given (id, place) AS (VALUES {rows})
        UPDATE booking SET feed_place = given.place FROM given WHERE booking.id = given.id
    """  # noqa: S608  (our own text)
    values = [value for place, one in enumerate(named, start=after + 1) for value in (one, place)]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
