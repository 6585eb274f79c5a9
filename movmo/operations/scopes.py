"""The authorize step: the scopes a call needs, in plain words for consent pages, and who lacks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from movmo.kit.errors import DomainError, Kind
from movmo.operations.context import Caller, Door

if TYPE_CHECKING:
    from movmo.operations.spec import Operation

SCOPES = {
    "flights:read": "Search flights and see prices",
    "offers:write": "Prepare offers for you and put passengers on them",
    "bookings:read": "See your bookings",
    "bookings:write": "Book flights for you, which spends money",
    "bookings:cancel": "Cancel your bookings, on terms that the airline quotes",
    "passengers:read": "See the passengers you have saved",
    "passengers:write": "Save passengers for you",
    "payment_methods:read": "See which cards you keep, never their numbers",
    "payment_methods:write": "Add, change and delete cards",
    "profile:read": "See your name, contact details and preferences",
    "profile:write": "Change your name, contact details and preferences",
}
BASELINE = "flights:read"
SPENDS_MONEY = frozenset({"bookings:write"})


class InsufficientScope(DomainError):
    kind = Kind.FORBIDDEN
    code = "insufficient_scope"
    message = "This access token lacks the scope(s) {missing}."
    hint = "Ask the traveler for a token with the scopes in `required`, then call again."


class OperationNotInPlan(DomainError):
    kind = Kind.FORBIDDEN
    code = "operation_not_in_plan"
    message = "The usage plan {plan} of this API key does not allow {operation}."
    hint = "Call another operation, or ask us for a plan that allows this one; `GET /v1/partner/usage` names yours."
    example = {"operation": "create_booking", "plan": "public-website"}


class UserTokenMissing(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "token_missing"
    message = "This operation acts for a traveler and needs an access token."
    hint = "Send `Authorization: Bearer <access_token>` of the traveler."


class ApiKeyMissing(DomainError):
    kind = Kind.UNAUTHENTICATED
    code = "api_key_missing"
    message = "A call over REST needs a partner's API key."
    hint = "Send your key in the `x-api-key` header."


def missing(operation: Operation, caller: Caller) -> tuple[str, ...]:
    """The scopes the operation needs and the caller's token was not granted. A partner's bare key has no scopes."""
    if caller.user_id is None:
        return ()
    return tuple(scope for scope in operation.scopes if scope not in caller.scopes)


def _is_for_a_partner(operation: Operation, caller: Caller) -> bool:
    """Whether the door calls for a partner, too, while no traveler is known. The frame of a partner's checkout reads
    what is sold there, and changes nothing."""
    is_frame = caller.door is Door.CHECKOUT and None not in (caller.checkout_id, caller.partner_id)
    return caller.door is Door.REST or (is_frame and operation.is_read)


def authorize(operation: Operation, caller: Caller) -> None:
    """Raises ApiKeyMissing, UserTokenMissing, OperationNotInPlan or InsufficientScope."""
    if caller.door is Door.REST and caller.partner_id is None:
        raise ApiKeyMissing
    if caller.user_id is None and (operation.needs_user or not _is_for_a_partner(operation, caller)):
        raise UserTokenMissing
    plan = caller.plan
    if plan is not None and plan.operations is not None and operation.name not in plan.operations:
        raise OperationNotInPlan(operation=operation.name, plan=plan.name)
    if lacking := missing(operation, caller):
        raise InsufficientScope(missing=" ".join(lacking), required=list(operation.scopes))
