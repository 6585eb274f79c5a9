"""Make, change and end endpoints; order deliveries of events, once and again. Sending them is `delivering`.

DomainError
├── EventTypeUnknown           422   the catalogue has no such type
├── WebhookEndpointsFull       422   a partner has MOST_ENDPOINTS in a mode
├── WebhookEndpointDisabled    409   nothing is sent to it
├── WebhookSecretJustRotated   409   somebody else rotated at the same time
└── RedeliveryRangeTooLarge    422   more than MOST_AT_ONCE deliveries
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Model, Q, QuerySet

from movmo.kit import clock
from movmo.kit.errors import DomainError, InvalidArguments, Kind, NotFound
from movmo.operations import events, history, nudge
from movmo.operations.context import Context
from movmo.operations.events import EventType, Subject
from movmo.operations.models import Event
from partners.webhook import addresses, queries, signing
from partners.webhook.events import PING, EndpointEvent
from partners.webhook.models import MOST_ENDPOINTS, WebhookDelivery, WebhookEndpoint
from partners.webhook.schemas import (
    CreateEndpoint,
    DeliveryView,
    EndpointDeleted,
    EndpointView,
    NewEndpointView,
    RangeView,
    RedeliverRange,
    SecretView,
    UpdateEndpoint,
)

OVERLAP = timedelta(hours=24)
"""How long the old secret signs beside the new one."""
MOST_AT_ONCE = 1_000
QUEUE = "webhooks"
Row = TypeVar("Row", bound=Model)


class EventTypeUnknown(DomainError):
    kind = Kind.RULE
    code = "event_type_unknown"
    message = "There are no events of the type {type}."
    hint = "Take types from `webhooks` in the OpenAPI document, or `[]` for every one."
    example = {"type": "booking.flown.v1"}

    @property
    def fields(self) -> dict[str, str]:
        return {"/event_types": self.text}


class WebhookEndpointsFull(DomainError):
    kind = Kind.RULE
    code = "webhook_endpoints_full"
    message = "There are {limit} webhook endpoints already."
    hint = "Delete one first, or let one endpoint take more event types."
    example = {"limit": MOST_ENDPOINTS}


class WebhookEndpointDisabled(DomainError):
    kind = Kind.CONFLICT
    code = "webhook_endpoint_disabled"
    message = "The webhook endpoint is off; nothing is sent to it."
    hint = "Switch it on with update_webhook_endpoint, then repeat the call."


class WebhookSecretJustRotated(DomainError):
    kind = Kind.CONFLICT
    code = "webhook_secret_just_rotated"
    message = "The secret was rotated by another call at this moment."
    hint = "Ask whoever made the other call for the new secret, or rotate once more."


class RedeliveryRangeTooLarge(DomainError):
    kind = Kind.RULE
    code = "redelivery_range_too_large"
    message = "There are more than {limit} deliveries between these times."
    hint = "Nothing was sent again; ask for shorter ranges, one after the other."
    example = {"limit": MOST_AT_ONCE}


def create(ctx: Context, request: CreateEndpoint) -> NewEndpointView:
    """Raises WebhookUrlRefused, EventTypeUnknown or WebhookEndpointsFull."""
    _refuse_unknown(request.event_types)
    addresses.target_of(request.url)
    endpoint = WebhookEndpoint(
        id=ctx.resource_id,
        partner_id=ctx.partner_id,
        is_live=bool(ctx.caller.is_live_key),
        url=request.url,
        event_types=sorted(set(request.event_types)),
        secret=signing.new_secret(),
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    history.made_by(endpoint, history.PARTNER)
    secret = signing.as_text(endpoint.secret)
    _save_in_free_slot(endpoint)
    return NewEndpointView.model_validate({**queries.told(endpoint, ctx.now), "secret": secret})


def _refuse_unknown(types: Sequence[str]) -> None:
    for name in types:
        if not events.is_declared(name):
            raise EventTypeUnknown(type=name)


def _save_in_free_slot(endpoint: WebhookEndpoint) -> None:
    """Two who come at once want the same slot; the constraint gives it to one, and the other takes the next."""
    mine = WebhookEndpoint.objects.filter(partner_id=endpoint.partner_id, is_live=endpoint.is_live)
    while free := sorted(set(range(1, MOST_ENDPOINTS + 1)) - set(mine.values_list("slot", flat=True))):
        endpoint.slot = free[0]
        try:
            with transaction.atomic():
                endpoint.save(force_insert=True)
        except IntegrityError:
            continue
        return
    raise WebhookEndpointsFull(limit=MOST_ENDPOINTS)


def update(ctx: Context, request: UpdateEndpoint) -> EndpointView:
    """Switched on again, or at another URL, it begins without its past failures.

    Raises NotFound, WebhookUrlRefused or EventTypeUnknown.
    """
    endpoint = queries.owned(ctx, request.endpoint_id)
    _refuse_unknown(request.event_types)
    addresses.target_of(request.url)
    was_on, has_moved = endpoint.state == WebhookEndpoint.State.ENABLED, endpoint.url != request.url
    endpoint.url, endpoint.event_types = request.url, sorted(set(request.event_types))
    if request.enabled:
        endpoint.state, endpoint.disabled_reason, endpoint.disabled_at = WebhookEndpoint.State.ENABLED, "", None
    elif was_on:
        endpoint.state, endpoint.disabled_at = WebhookEndpoint.State.DISABLED, ctx.now
        endpoint.disabled_reason = WebhookEndpoint.Reason.PARTNER
    changed = ["url", "event_types", "state", "disabled_reason", "disabled_at", "updated_at"]
    if has_moved or (request.enabled and not was_on):
        endpoint.failing_since = endpoint.failed_at = None
        changed += ["failing_since", "failed_at"]
    endpoint.updated_at = ctx.now
    _write(ctx, endpoint, changed)
    nudge.after_commit(QUEUE)
    return queries.view(endpoint, ctx.now)


def _write(ctx: Context, endpoint: WebhookEndpoint, fields: list[str]) -> None:
    """Unless it was deleted meanwhile. Raises NotFound."""
    values = {name: getattr(endpoint, name) for name in fields}
    if not queries.reached(ctx).filter(pk=endpoint.pk).update(**values):
        raise NotFound("webhook endpoint")
    history.changed(endpoint, by=history.PARTNER)


def delete(ctx: Context, endpoint_id: UUID) -> EndpointDeleted:
    """Nothing is sent any more, and no secret is left. What was delivered can still be read by staff.

    Raises NotFound.
    """
    gone = queries.reached(ctx).filter(pk=endpoint_id)
    changed = gone.update(
        state=WebhookEndpoint.State.DELETED,
        slot=None,
        disabled_reason="",
        secret=None,
        old_secret=None,
        updated_at=ctx.now,
    )
    if not changed:
        raise NotFound("webhook endpoint")
    history.changed(WebhookEndpoint(pk=endpoint_id), by=history.PARTNER)
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint_id, state=WebhookDelivery.State.WAITING)
    waiting.update(state=WebhookDelivery.State.FAILED, settled_at=ctx.now)
    return EndpointDeleted(endpoint_id=endpoint_id)


def rotate(ctx: Context, endpoint_id: UUID) -> SecretView:
    """A new secret; the old one signs too for OVERLAP, the one before it no more. Of two at once one rotates.

    Raises NotFound or WebhookSecretJustRotated.
    """
    endpoint = queries.owned(ctx, endpoint_id)
    mine = queries.reached(ctx).filter(pk=endpoint.pk, rotations=endpoint.rotations)
    if not mine.update(rotations=F("rotations") + 1, updated_at=ctx.now):
        raise WebhookSecretJustRotated
    endpoint.old_secret, endpoint.secret = endpoint.secret, signing.new_secret()
    secret, until = signing.as_text(endpoint.secret), ctx.now + OVERLAP
    endpoint.old_secret_until = until
    endpoint.rotations += 1
    history.made_by(endpoint, history.PARTNER)
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return SecretView(endpoint_id=endpoint.pk, secret=secret, old_secret_until=until)


def ping(ctx: Context, endpoint_id: UUID) -> DeliveryView:
    """An event about the endpoint, to the endpoint. Raises NotFound or WebhookEndpointDisabled."""
    endpoint = _switched_on(ctx, endpoint_id)
    event = tell(endpoint, PING, EndpointEvent(endpoint_id=endpoint.pk), at=ctx.now)
    delivery = WebhookDelivery(endpoint=endpoint, event=event, due_at=ctx.now, created_at=ctx.now)
    delivery.save(force_insert=True)
    nudge.after_commit(QUEUE)
    return queries.delivery_view(delivery)


def _switched_on(ctx: Context, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = queries.owned(ctx, endpoint_id)
    if endpoint.state != WebhookEndpoint.State.ENABLED:
        raise WebhookEndpointDisabled
    return endpoint


def tell(endpoint: WebhookEndpoint, type_: EventType, payload: EndpointEvent, *, at: datetime) -> Event:
    """Write an event about the endpoint itself, in the transaction that is open."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(sequence=F("sequence") + 1)
    sequence = WebhookEndpoint.objects.values_list("sequence", flat=True).get(pk=endpoint.pk)
    subject = Subject(endpoint.pk, endpoint.partner_id, None, is_live=endpoint.is_live)
    events.write(subject, [(type_, payload)], after=sequence - 1, at=at)
    return Event.objects.get(subject_id=endpoint.pk, sequence=sequence)


def receive(happened: Sequence[Event]) -> None:
    """The sink: one delivery for each event and endpoint that wants it, in the transaction that publishes them."""
    partner_ids = {event.partner_id for event in happened if event.partner_id is not None}
    if not partner_ids:
        return
    endpoints = WebhookEndpoint.objects.filter(
        partner_id__in=partner_ids, partner__is_active=True, state=WebhookEndpoint.State.ENABLED
    )
    _order(list(endpoints.defer("secret", "old_secret")), happened)


def _order(endpoints: Sequence[WebhookEndpoint], happened: Sequence[Event]) -> int:
    now = clock.now()
    rows = [
        WebhookDelivery(endpoint=endpoint, event=event, due_at=now, created_at=now)
        for event in happened
        for endpoint in endpoints
        if _is_for(event, endpoint)
    ]
    if rows:
        WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
        nudge.after_commit(QUEUE)
    return len(rows)


def _is_for(event: Event, endpoint: WebhookEndpoint) -> bool:
    """A test goes to the endpoint that it is about, whatever the endpoint asked for."""
    if event.type == PING.name:
        return event.subject_id == endpoint.pk
    is_theirs = event.partner_id == endpoint.partner_id and event.is_live == endpoint.is_live
    return is_theirs and endpoint.wants(event.type)


def redeliver(ctx: Context, endpoint_id: UUID, delivery_id: UUID) -> DeliveryView:
    """From the first step again, under the same id. One that is being sent at this moment stays as it is.

    Raises NotFound or WebhookEndpointDisabled.
    """
    endpoint = _switched_on(ctx, endpoint_id)
    one = WebhookDelivery.objects.filter(pk=delivery_id, endpoint=endpoint)
    if not one.exists():
        raise NotFound("webhook delivery")
    again(one, now=ctx.now)
    return queries.delivery_view(one.select_related("event").get())


def again(deliveries: QuerySet[WebhookDelivery], *, now: datetime) -> int:
    """Put deliveries that nobody is sending back to the first step. Returns how many."""
    idle = deliveries.filter(Q(lease_until=None) | Q(lease_until__lte=now))
    queued = idle.update(
        state=WebhookDelivery.State.WAITING, tries=0, due_at=now, lease_until=None, last_failure="", settled_at=None
    )
    nudge.after_commit(QUEUE)
    return queued


def redeliver_range(ctx: Context, request: RedeliverRange) -> RangeView:
    """Raises NotFound, WebhookEndpointDisabled, InvalidArguments or RedeliveryRangeTooLarge."""
    _refuse_unwritable(request)
    if request.since >= request.until:
        raise InvalidArguments({"/since": "`since` must be before `until`."})
    endpoint = _switched_on(ctx, request.endpoint_id)
    if request.status == "missed":
        return RangeView(redelivered=_order([endpoint], _few(_missed(endpoint, request))))
    rows = WebhookDelivery.objects.filter(_during(request, "event__"), endpoint=endpoint, state=request.status)
    found = [row.pk for row in _few(rows.only("pk").order_by("pk"))]
    return RangeView(redelivered=again(WebhookDelivery.objects.filter(pk__in=found), now=ctx.now))


def _refuse_unwritable(request: RedeliverRange) -> None:
    """Times that have no place in UTC: the first and last hours of all time, elsewhere. Raises InvalidArguments."""
    for name in ("since", "until"):
        try:
            getattr(request, name).astimezone(UTC)
        except OverflowError:
            raise InvalidArguments({f"/{name}": f"`{name}` must be a time between the years 1 and 9999."}) from None


def _during(request: RedeliverRange, prefix: str = "") -> Q:
    return Q(**{f"{prefix}created_at__gte": request.since, f"{prefix}created_at__lt": request.until})


def _missed(endpoint: WebhookEndpoint, request: RedeliverRange) -> QuerySet[Event]:
    """Published events that the endpoint would have been told of, had it been on."""
    theirs = Event.objects.filter(_during(request), partner_id=endpoint.partner_id, is_live=endpoint.is_live)
    wanted = theirs.filter(type__in=endpoint.event_types) if endpoint.event_types else theirs
    untold = wanted.exclude(position=None).exclude(type=PING.name)
    return untold.exclude(webhook_deliveries__endpoint=endpoint).order_by("position")


def _few(rows: QuerySet[Row]) -> list[Row]:
    """All of them. Raises RedeliveryRangeTooLarge."""
    found = list(rows[: MOST_AT_ONCE + 1])
    if len(found) > MOST_AT_ONCE:
        raise RedeliveryRangeTooLarge(limit=MOST_AT_ONCE)
    return found
