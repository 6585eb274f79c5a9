"""Cards, declared. Adding one has no tool: a model has no business with a card, whose number goes to the vault only."""

from bookings.payment_method import proposing, queries, services
from bookings.payment_method.schemas import (
    CaptureView,
    CreatePaymentMethod,
    ListPaymentMethods,
    NamePaymentMethod,
    OpenCardCapture,
    PaymentMethodDeleted,
    PaymentMethodList,
    PaymentMethodView,
    SecurityCodeView,
    UpdatePaymentMethod,
)
from bookings.payment_method.services import (
    CaptureInvalid,
    CardAlreadyKept,
    CardExpired,
    CardGone,
    CardInUse,
    CardNotCaptured,
    VaultUnavailable,
)
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import DELETE, GET, POST, PUT, Credentials, Effect, Idempotency, operation

CARDS = "/v1/users/{user_id}/payment-methods"
RESOURCE = "payment-methods://v1/{payment_method_id}"


@operation(
    "get_payment_methods",
    rest=GET(CARDS),
    needs=Credentials.KEY_AND_USER,
    scopes=("payment_methods:read",),
    effect=Effect.READ,
    errors=(NotFound,),
)
def get_payment_methods(ctx: Context, request: ListPaymentMethods) -> PaymentMethodList:
    """List the traveler's cards

    Use it where one of them shall pay. Brand, last four digits and expiry; the default card comes first. Not to add
    one: no tool does, the traveler does it in their Movmo account, under Cards. Never ask for a card number. Next:
    create_booking with its payment_method_id.
    """
    return queries.list_of(ctx)


@operation(
    "get_payment_method",
    rest=GET(CARDS + "/{payment_method_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("payment_methods:read",),
    effect=Effect.READ,
    resource=RESOURCE,
    errors=(NotFound,),
    tool=False,
)
def get_payment_method(ctx: Context, request: NamePaymentMethod) -> PaymentMethodView:
    """Read one of the traveler's cards

    Brand, last four digits and expiry.
    """
    return queries.read(ctx, request)


@operation(
    "open_card_capture",
    rest=POST("/v1/users/{user_id}/payment-method-captures"),
    needs=Credentials.KEY_AND_USER,
    scopes=("payment_methods:write",),
    effect=Effect.WRITE,
    errors=(VaultUnavailable,),
    tool=False,
    in_batches=False,
)
def open_card_capture(ctx: Context, request: OpenCardCapture) -> CaptureView:
    """Open the card form

    The page loads the vault's script from `script_url` and shows its fields for number and security code; what is typed
    there goes to the vault's own origin. Next: create_payment_method with the token that the fields answer with.
    """
    return services.open_capture(ctx)


@operation(
    "open_security_code_capture",
    rest=GET(CARDS + "/{payment_method_id}/security-code"),
    needs=Credentials.KEY_AND_USER,
    scopes=("payment_methods:write",),
    effect=Effect.READ,
    errors=(NotFound, CardGone, VaultUnavailable),
    tool=False,
    audited=True,
    in_batches=False,
)
def open_security_code_capture(ctx: Context, request: NamePaymentMethod) -> SecurityCodeView:
    """Open the form for a kept card's security code

    A vault keeps a code for some minutes, until a payment has taken it along; `is_held` tells whether it has one. To
    ask the traveler for it, load the vault's script from `script_url` and let it recache `vault_token` by its own
    field: the code goes to the vault's origin and nowhere else. A booking without one is made all the same, where the
    cardholder's bank agrees. Next: create_booking with its payment_method_id.
    """
    return services.open_security_code(ctx, request)


@operation(
    "create_payment_method",
    rest=POST(CARDS),
    needs=Credentials.KEY_AND_USER,
    scopes=("payment_methods:write",),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    resource=RESOURCE,
    errors=(NotFound, CaptureInvalid, CardNotCaptured, CardExpired, CardAlreadyKept, VaultUnavailable),
    tool=False,
    advance=services.advance,
)
def create_payment_method(ctx: Context, request: CreatePaymentMethod) -> None:
    """Keep a card that the vault has captured

    Takes the capture and the vault's token, never a card number.
    """
    services.reserve(ctx, request)


@operation(
    "update_payment_method",
    rest=PUT(CARDS + "/{payment_method_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("payment_methods:write",),
    effect=Effect.WRITE,
    resource=RESOURCE,
    errors=(NotFound, CardExpired),
    tool=False,
)
def update_payment_method(ctx: Context, request: UpdatePaymentMethod) -> PaymentMethodView:
    """Change a card's expiry, or make it the default

    Send all three fields. At most one card is the default: making one the default takes it from the other.
    """
    return services.update(ctx, request)


@operation(
    "delete_payment_method",
    rest=DELETE(CARDS + "/{payment_method_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("payment_methods:write",),
    effect=Effect.IRREVERSIBLE,
    propose=proposing.of_deletion,
    errors=(NotFound, CardInUse),
)
def delete_payment_method(ctx: Context, request: NamePaymentMethod) -> PaymentMethodDeleted:
    """Delete one of the traveler's cards

    It is gone at once, and cannot be brought back: the traveler would type it in again in their Movmo account, under
    Cards. Ask the traveler first. Not while a booking that pays with it is under way.
    Next: get_payment_methods.
    """
    return services.delete(ctx, request)
