"""Which deliveries a worker takes: a few of each endpoint, of partners first that hold the fewest of its places, and of
their endpoints the one first that has waited longest for its turn.

So one that is slow or dead holds places of its own and nobody else's, one that fails holds a single one, and a partner
whose twenty endpoints are all slow keeps no other waiting for more than the next free place.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When, Window
from django.db.models.functions import RowNumber

from partners.webhook.models import WebhookDelivery, WebhookEndpoint

LEASE = timedelta(seconds=60)  # well over the 15 that an attempt may take
PLACES = 4
PLACES_OF_FAILING = 1


def claim(*, most: int, now: datetime, held: Mapping[UUID, int] | None = None) -> list[WebhookDelivery]:
    """Deliveries that are due, taken for LEASE. None goes to two claimers. `held`: how many each partner has of the
    claimer's places already. With no transaction open.
    """
    taken: list[UUID] = []
    for endpoint in _waiting_for_their_turn(now, most, held or {}):
        if len(taken) < most:
            with suppress(OperationalError):  # somebody holds a lock: another endpoint's turn, and this one's later
                taken += _claim_of(endpoint, most=most - len(taken), now=now)
    if not taken:
        return []
    return list(WebhookDelivery.objects.filter(pk__in=taken).select_related("endpoint", "event").order_by("id"))


def _waiting_for_their_turn(now: datetime, most: int, held: Mapping[UUID, int]) -> list[WebhookEndpoint]:
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    waits = WebhookDelivery.objects.filter(free, endpoint=OuterRef("pk"), state="waiting", due_at__lte=now)
    rows = WebhookEndpoint.objects.filter(Exists(waits), state=WebhookEndpoint.State.ENABLED, partner__is_active=True)
    turn = [F("served_at").asc(nulls_first=True), F("id").asc()]
    holds = Case(*[When(partner_id=one, then=Value(count)) for one, count in held.items()], default=Value(0))
    # A partner's second endpoint comes as if the first had taken all that it may.
    before = (Window(RowNumber(), partition_by="partner_id", order_by=turn) - 1) * PLACES
    return list(rows.only("failing_since").order_by(holds + before, *turn)[:most])


def _claim_of(endpoint: WebhookEndpoint, *, most: int, now: datetime) -> list[UUID]:
    with transaction.atomic(durable=True):
        # Whoever takes of this endpoint holds its row to the commit, so that two together do not take too many.
        still_on = WebhookEndpoint.objects.filter(pk=endpoint.pk, state=WebhookEndpoint.State.ENABLED)
        if not still_on.update(served_at=now):
            return []
        under_way = WebhookDelivery.objects.filter(endpoint=endpoint, state="waiting", lease_until__gt=now).count()
        places = PLACES if endpoint.failing_since is None else PLACES_OF_FAILING
        return _take(endpoint, limit=min(most, places - under_way), now=now)


def _take(endpoint: WebhookEndpoint, *, limit: int, now: datetime) -> list[UUID]:
    """One statement, with the condition outside, too: rows that somebody took meanwhile are left alone."""
    if limit <= 0:
        return []
    due = "endpoint_id = %s AND state = 'waiting' AND due_at <= %s AND (lease_until IS NULL OR lease_until <= %s)"
    statement = f"""
        UPDATE webhook_delivery SET fence = fence + 1, tries = tries + 1, lease_until = %s
        WHERE id IN (SELECT id FROM webhook_delivery WHERE {due} ORDER BY due_at, id LIMIT %s) AND {due}
        RETURNING id
    """  # noqa: S608  (our own text)
    field, key = WebhookDelivery._meta.get_field("due_at"), WebhookDelivery._meta.pk
    at, until = (field.get_db_prep_value(one, connection) for one in (now, now + LEASE))
    of = [key.get_db_prep_value(endpoint.pk, connection), at, at]
    with connection.cursor() as cursor:
        cursor.execute(statement, [until, *of, limit, *of])
        return [key.to_python(row[0]) for row in cursor.fetchall()]
