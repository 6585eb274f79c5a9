"""What of a call is written down: the fields named here and no others. Who travels is not among them, nor a provider's
own words about a failure, which may say anything.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bookings.providers.errors import ProviderFailure, Rejected
from bookings.providers.types import CancellationTerms, CardAnswer, OrderRequest, ProviderOrder
from movmo.kit.money import Money

LONGEST = 100
"""Of a text that comes from outside."""


def _order_request(order: OrderRequest) -> dict[str, Any]:
    return {
        "client_reference": order.client_reference,
        "offer": _text(order.offer.normalised.provider_offer_id),
        "passengers": [str(person.type) for person in order.passengers],
        "services": [{"type": _text(one.type), "quantity": one.quantity} for one in order.services],
        "total": str(order.total),
        "hold": order.hold,
    }


def _of_order(order_id: str) -> dict[str, Any]:
    return {"order_id": _text(order_id)}


def _about_order(order_id: str, reference: str) -> dict[str, Any]:
    return {"order_id": _text(order_id), "reference": _text(reference)}


REQUESTS: dict[str, Callable[..., dict[str, Any]]] = {
    "book": _order_request,
    "find_order": lambda client_reference: {"client_reference": client_reference},
    "get_order": _of_order,
    "confirm_hold": lambda order_id, total: {**_of_order(order_id), "total": str(total)},
    "quote_cancellation": _of_order,
    "confirm_cancellation": _about_order,
    "accept_schedule_change": _about_order,
}
"""By the method of the port, each from its arguments. Methods that are not here are about no booking."""


def of_answer(answer: Any) -> dict[str, Any] | None:
    """None where the provider has no such order."""
    match answer:
        case ProviderOrder():
            return _order(answer)
        case CancellationTerms():
            return {
                "reference": _text(answer.reference),
                "refund": str(answer.refund),
                "penalty": str(answer.penalty),
                "refund_to": _text(answer.refund_to),
                "expires_at": _time(answer.expires_at),
            }
        case CardAnswer():
            return {
                "status": str(answer.status),
                "reference": _text(answer.reference),
                "decline_code": _text(answer.decline_code),
                "is_asked_by_bank": bool(answer.challenge_url),
            }
        case _:
            return None


def of_failure(failure: ProviderFailure) -> dict[str, Any] | None:
    if not isinstance(failure, Rejected):
        return None
    return {"refusal": str(failure.refusal), "new_total": _money(failure.new_total)}


def _order(order: ProviderOrder) -> dict[str, Any]:
    change = order.schedule_change
    return {
        "order_id": _text(order.order_id),
        "client_reference": _text(order.client_reference),
        "status": str(order.status),
        "record_locators": [_text(one) for one in order.record_locators],
        "total": str(order.total),
        "documents": [
            {"type": _text(one.type), "number": _text(one.number), "coupons": [_text(status) for status in one.coupons]}
            for one in order.documents
        ],
        "payment_required_by": _time(order.payment_required_by),
        "price_guarantee_expires_at": _time(order.price_guarantee_expires_at),
        "schedule_change": change
        and {"reference": _text(change.reference), "announced_at": _time(change.announced_at)},
        "refund": _money(order.refund),
    }


def _text(told: str) -> str:
    return told[:LONGEST]


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _money(amount: Money | None) -> str | None:
    return str(amount) if amount else None
