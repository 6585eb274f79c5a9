"""Webhook endpoints and their deliveries, declared. For back ends: no agent looks after a partner's servers."""

from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.operations.context import Context, NoArguments
from movmo.operations.spec import DELETE, GET, POST, PUT, Credentials, Effect, Idempotency, operation
from partners.webhook import addresses, queries, services
from partners.webhook.addresses import WebhookUrlRefused
from partners.webhook.schemas import (
    CreateEndpoint,
    DeliveryList,
    DeliveryRequest,
    DeliveryView,
    EndpointDeleted,
    EndpointList,
    EndpointRequest,
    EndpointView,
    ListDeliveries,
    NewEndpointView,
    RangeView,
    RedeliverRange,
    SecretView,
    UpdateEndpoint,
)
from partners.webhook.services import (
    EventTypeUnknown,
    RedeliveryRangeTooLarge,
    WebhookEndpointDisabled,
    WebhookEndpointsFull,
    WebhookSecretJustRotated,
)

ENDPOINTS = "/v1/partner/webhook-endpoints"
ENDPOINT = ENDPOINTS + "/{endpoint_id}"


def _look_up(ctx: Context, request: CreateEndpoint | UpdateEndpoint) -> None:
    addresses.look_up(request.url)


@operation(
    "create_webhook_endpoint",
    rest=POST(ENDPOINTS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    errors=(WebhookUrlRefused, EventTypeUnknown, WebhookEndpointsFull),
    tool=False,
    in_batches=False,
    ask=_look_up,
)
def create_webhook_endpoint(ctx: Context, request: CreateEndpoint, looked_up: None) -> NewEndpointView:
    """Add a webhook endpoint

    From now on the events of your bookings are sent to this URL: those made with test keys for an endpoint of a test
    key, live ones for one of a live key. Keep `secret`: signatures are made with it, and it is not told again but to a
    repetition with the same idempotency key. Not needed where you poll list_events_v2. Next: ping_webhook_endpoint.
    """
    return services.create(ctx, request)


@operation(
    "list_webhook_endpoints", rest=GET(ENDPOINTS), needs=Credentials.KEY, scopes=(), effect=Effect.READ, tool=False
)
def list_webhook_endpoints(ctx: Context, request: NoArguments) -> EndpointList:
    """List your webhook endpoints

    Those of the key's mode, whether they are on, and since when one fails. Secrets are not among it. Next:
    list_webhook_deliveries for what became of single events.
    """
    return queries.all_of(ctx)


@operation(
    "get_webhook_endpoint",
    rest=GET(ENDPOINT),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(NotFound,),
    tool=False,
)
def get_webhook_endpoint(ctx: Context, request: EndpointRequest) -> EndpointView:
    """Show a webhook endpoint

    Where it leads, what it asks for, and how it does. Next: update_webhook_endpoint to change it.
    """
    return queries.view(queries.owned(ctx, request.endpoint_id), ctx.now)


@operation(
    "update_webhook_endpoint",
    rest=PUT(ENDPOINT),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    errors=(NotFound, WebhookUrlRefused, EventTypeUnknown),
    tool=False,
    ask=_look_up,
)
def update_webhook_endpoint(ctx: Context, request: UpdateEndpoint, looked_up: None) -> EndpointView:
    """Replace a webhook endpoint's settings

    URL, types and whether it is on, all of them. Use `enabled` to pause it, or to switch on again what we switched off;
    what waits then goes out. For a new secret: rotate_webhook_secret. Next: redeliver_webhooks for what was missed.
    """
    return services.update(ctx, request)


@operation(
    "delete_webhook_endpoint",
    rest=DELETE(ENDPOINT),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    errors=(NotFound,),
    tool=False,
)
def delete_webhook_endpoint(ctx: Context, request: EndpointRequest) -> EndpointDeleted:
    """Delete a webhook endpoint

    Nothing is sent to it any more, what waits is dropped, and its secret is forgotten. To pause it, update it with
    `enabled` false instead.
    """
    return services.delete(ctx, request.endpoint_id)


@operation(
    "rotate_webhook_secret",
    rest=POST(ENDPOINT + "/secret-rotations"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    errors=(NotFound, WebhookSecretJustRotated),
    tool=False,
    in_batches=False,
)
def rotate_webhook_secret(ctx: Context, request: EndpointRequest) -> SecretView:
    """Give a webhook endpoint a new secret

    For 24 hours every delivery carries two signatures, of the new secret and of the one before. Teach your receiver the
    new one within that time. Rotated again, the oldest secret ends at once.
    """
    return services.rotate(ctx, request.endpoint_id)


@operation(
    "ping_webhook_endpoint",
    rest=POST(ENDPOINT + "/pings"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    errors=(NotFound, WebhookEndpointDisabled),
    tool=False,
)
def ping_webhook_endpoint(ctx: Context, request: EndpointRequest) -> DeliveryView:
    """Send a test event to a webhook endpoint

    A `webhook_endpoint.ping.v1`, signed and sent as any other event and whatever types the endpoint asked for. Next:
    list_webhook_deliveries tells what came back.
    """
    return services.ping(ctx, request.endpoint_id)


@operation(
    "list_webhook_deliveries",
    rest=GET(ENDPOINT + "/deliveries"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(NotFound, CursorInvalid),
    tool=False,
)
def list_webhook_deliveries(ctx: Context, request: ListDeliveries) -> DeliveryList:
    """List the deliveries to a webhook endpoint

    Newest first, each with its attempts: when, what status, and what went wrong. Kept for 30 days after the event.
    Next: redeliver_webhook for one of them.
    """
    return queries.deliveries(ctx, request)


@operation(
    "redeliver_webhook",
    rest=POST(ENDPOINT + "/deliveries/{delivery_id}/redeliveries"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    errors=(NotFound, WebhookEndpointDisabled),
    tool=False,
)
def redeliver_webhook(ctx: Context, request: DeliveryRequest) -> DeliveryView:
    """Send one event again

    The same delivery, under the same `webhook-id`, with all of its tries before it. For many at once:
    redeliver_webhooks. Next: list_webhook_deliveries.
    """
    return services.redeliver(ctx, request.endpoint_id, request.delivery_id)


@operation(
    "redeliver_webhooks",
    rest=POST(ENDPOINT + "/redeliveries"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    cost=10,
    errors=(NotFound, WebhookEndpointDisabled, RedeliveryRangeTooLarge),
    tool=False,
)
def redeliver_webhooks(ctx: Context, request: RedeliverRange) -> RangeView:
    """Send the events of a time again

    After an outage of yours: what failed, what was missed while the endpoint was off, or everything that was delivered
    between two times. At most 1,000 at once; more is refused, and nothing is sent. Next: list_webhook_deliveries.
    """
    return services.redeliver_range(ctx, request)
