"""Checkouts, declared. Partners open, read and cancel them; what happens in the frame is the traveler's own.

None is a tool: an agent books with create_booking, and asks its person there.
"""

from checkout_widget.session import queries, services
from checkout_widget.session.refusals import CheckoutNotOpen, OfferNotActive, OriginNotRegistered
from checkout_widget.session.schemas import CheckoutRequest, CheckoutView, OpenCheckout, OpenedCheckout
from movmo.kit.errors import DomainError, NotFound
from movmo.operations import registry
from movmo.operations.context import Context
from movmo.operations.spec import GET, POST, Credentials, Effect, Idempotency, operation

SESSIONS = "/v1/checkout-sessions"


def _errors_of(*names: str) -> tuple[type[DomainError], ...]:
    """What the operations behind it refuse, it refuses."""
    asked = [registry.get(name) for name in names]
    found = [error for one in asked if one is not None for error in one.errors]
    return tuple(dict.fromkeys((OriginNotRegistered, OfferNotActive, *found)))


@operation(
    "create_checkout_session",
    rest=POST(SESSIONS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    ask=services.offer_of,
    errors=_errors_of("create_offer", "get_offer_details"),
    tool=False,
    in_batches=False,
)
def create_checkout_session(ctx: Context, request: OpenCheckout, offer: services.Offer) -> OpenedCheckout:
    """Open an express checkout

    Takes an offer and the page that shows the button, and gives the session with its client_secret. The traveler signs
    in, chooses passengers and card, and pays in Movmo's own frame. Next: hand client_secret to the button; then read
    the session, or take checkout.completed.v1.
    """
    return services.open_(ctx, request, offer)


@operation(
    "get_checkout_session",
    rest=GET(SESSIONS + "/{session_id}"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(NotFound,),
    tool=False,
    in_batches=False,
)
def get_checkout_session(ctx: Context, request: CheckoutRequest) -> CheckoutView:
    """Read a checkout session

    Where it stands, and the booking once there is one.
    """
    return queries.read(ctx, request.session_id)


@operation(
    "cancel_checkout_session",
    rest=POST(SESSIONS + "/{session_id}/cancel", status=200),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    errors=(NotFound, CheckoutNotOpen),
    tool=False,
    in_batches=False,
)
def cancel_checkout_session(ctx: Context, request: CheckoutRequest) -> CheckoutView:
    """Cancel a checkout session

    Nobody can book with it any more. Not while a booking is being made, and not once it is completed.
    """
    return services.cancel(ctx, request.session_id)
