"""The end of offers: those that somebody had taken up are told once as expired, the rest of old searches is deleted.

Both work in batches, each a transaction of its own, found by an index of their own; any number of workers may do it at
the same time. An offer that was booked is never touched.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction

from bookings.offer import events
from bookings.offer.events import OfferEvent
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.schemas import OfferStatus
from movmo.operations import events as told

BATCH = 200
# So that a run ends within a minute, which is the time between two of them, or a small part of the hour.
MOST_TOLD, MOST_PURGED = 5_000, 100_000
KEPT_FOR = timedelta(days=1)
"""A page of a search may be read again for so long after its offers ran out."""


def tell_expired(*, now: datetime) -> int:
    """Tell of every offer that ran out unbooked, each once. Returns of how many."""
    return _in_batches(_tell_batch, now=now, most=MOST_TOLD)


def _tell_batch(now: datetime) -> int:
    """The condition stands outside, too: of two workers that find the same rows, the second gets none of them."""
    due = "status = 'active' AND is_taken AND expiry_told_at IS NULL AND expires_at <= %s"
    statement = f"""
        UPDATE offer SET expiry_told_at = %s
        WHERE id IN (SELECT id FROM offer WHERE {due} ORDER BY expires_at LIMIT %s) AND {due}
        RETURNING id
    """  # noqa: S608  (our own text)
    at = Offer._meta.get_field("expires_at").get_db_prep_value(now, connection)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(statement, [at, at, BATCH, at])
        ids = [row[0] for row in cursor.fetchall()]
        for offer in Offer.objects.filter(pk__in=ids).defer("normalised", "raw", "services"):
            ended = OfferEvent(offer_id=offer.pk, provider=offer.provider, expires_at=offer.expires_at)
            told.write(events.subject(offer), [(events.EXPIRED, ended)], after=0, at=now)
    return len(ids)


def _in_batches(work: Callable[[datetime], int], *, now: datetime, most: int) -> int:
    """What is left is found by the next run."""
    done = 0
    while done < most:
        batch = work(now)
        done += batch
        if batch < BATCH:
            break
    return done


def purge(*, now: datetime) -> int:
    """Delete the offers of searches that nobody took up, a day after they ran out. Returns how many."""
    return _in_batches(_purge_batch, now=now, most=MOST_PURGED)


def _purge_batch(now: datetime) -> int:
    """A booking keeps its offer by its foreign key, whatever this condition overlooks."""
    old = Offer.objects.filter(
        status=OfferStatus.ACTIVE, is_taken=False, expires_at__lte=now - KEPT_FOR, search_id__isnull=False
    )
    ids = list(old.filter(bookings=None).order_by("expires_at").values_list("pk", flat=True)[:BATCH])
    with transaction.atomic(durable=True):
        OfferSlot.objects.filter(offer_id__in=ids).delete()
        Offer.objects.filter(pk__in=ids).only("pk").delete()
    return len(ids)
