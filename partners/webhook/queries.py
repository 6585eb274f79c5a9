"""Reads of endpoints and deliveries. Another partner's, or the other mode's, is not found."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from movmo.kit import cursor
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from partners.webhook.models import WebhookDelivery, WebhookEndpoint
from partners.webhook.schemas import (
    AttemptView,
    DeliveryList,
    DeliveryStatus,
    DeliveryView,
    EndpointList,
    EndpointView,
    ListDeliveries,
)


def reached(ctx: Context) -> QuerySet[WebhookEndpoint]:
    """The endpoints of the call's partner and its key's mode that are still there."""
    mine = WebhookEndpoint.objects.filter(partner_id=ctx.partner_id, is_live=bool(ctx.caller.is_live_key))
    return mine.exclude(state=WebhookEndpoint.State.DELETED)


def owned(ctx: Context, endpoint_id: UUID) -> WebhookEndpoint:
    """Raises NotFound."""
    endpoint = reached(ctx).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound("webhook endpoint")
    return endpoint


def all_of(ctx: Context) -> EndpointList:
    return EndpointList(data=[view(endpoint, ctx.now) for endpoint in reached(ctx).order_by("id")])


def view(endpoint: WebhookEndpoint, now: datetime) -> EndpointView:
    return EndpointView.model_validate(told(endpoint, now))


def told(endpoint: WebhookEndpoint, now: datetime) -> dict[str, object]:
    """An endpoint without its secrets."""
    until = endpoint.old_secret_until
    return {
        "endpoint_id": endpoint.pk,
        "url": endpoint.url,
        "event_types": endpoint.event_types,
        "mode": endpoint.mode,
        "enabled": endpoint.state == WebhookEndpoint.State.ENABLED,
        "disabled_reason": endpoint.disabled_reason or None,
        "disabled_at": endpoint.disabled_at,
        "failing_since": endpoint.failing_since,
        "old_secret_until": until if until and until > now else None,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }


def deliveries(ctx: Context, request: ListDeliveries) -> DeliveryList:
    rows = WebhookDelivery.objects.filter(endpoint=owned(ctx, request.endpoint_id)).order_by("-id")
    if request.status:
        rows = rows.filter(state=request.status)
    if request.cursor:
        rows = rows.filter(id__lt=cursor.decode_id(request.cursor))
    found = rows.select_related("event").prefetch_related("attempts")[: request.limit + 1]
    shown, next_cursor = cursor.page(list(found), request.limit, lambda delivery: [str(delivery.pk)])
    return DeliveryList(data=[delivery_view(delivery) for delivery in shown], next_cursor=next_cursor)


def delivery_view(delivery: WebhookDelivery) -> DeliveryView:
    waits = delivery.state == WebhookDelivery.State.WAITING
    return DeliveryView(
        delivery_id=delivery.pk,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event.type,
        status=DeliveryStatus(delivery.state),
        next_attempt_at=delivery.due_at if waits else None,
        created_at=delivery.created_at,
        attempts=[
            AttemptView(
                at=attempt.at,
                status=attempt.status,
                failure=attempt.failure or None,
                duration_ms=attempt.duration_ms,
            )
            for attempt in delivery.attempts.all()
        ],
    )
