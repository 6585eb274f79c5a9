"""What can go wrong at a flight provider. Three failures, never a boolean: they decide safety.

    ProviderFailure
    ├── Rejected        final: the provider looked at the call and said no; nothing was booked
    ├── Unavailable     not sent, or answered "not created": nothing was booked, safe to try again
    └── OutcomeUnknown  sent, and no trustworthy answer: an order may exist; look it up, never resend blindly

OfferUnrecognized is no failure of the provider: the caller's raw offer has no shape we know.
"""

from enum import StrEnum

from movmo.kit.money import Money


class Refusal(StrEnum):
    """Why a provider rejected a call. ORDER_OVER: the order was cancelled or has lapsed already."""

    SOLD_OUT = "sold_out"
    SEAT_TAKEN = "seat_taken"
    PRICE_CHANGED = "price_changed"
    OFFER_EXPIRED = "offer_expired"
    PAYMENT_DECLINED = "payment_declined"
    HOLD_ONLY = "hold_only"
    PASSENGERS_INVALID = "passengers_invalid"
    DUPLICATE_REFERENCE = "duplicate_reference"
    HOLD_LAPSED = "hold_lapsed"
    NOT_CANCELLABLE = "not_cancellable"
    QUOTE_EXPIRED = "quote_expired"
    CHANGE_WITHDRAWN = "change_withdrawn"
    ORDER_OVER = "order_over"
    OTHER = "other"


class ProviderFailure(Exception):
    """Base of the three failures. `detail` is for our logs, never for callers."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Rejected(ProviderFailure):
    """Final. `new_total` comes with PRICE_CHANGED."""

    def __init__(self, refusal: Refusal, detail: str, *, new_total: Money | None = None) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.new_total = new_total


class Unavailable(ProviderFailure):
    """The call was not sent or certainly not carried out."""


class OutcomeUnknown(ProviderFailure):
    """The call may have been carried out: time-out after sending, a reset, a 500."""


class OfferUnrecognized(Exception):
    """The raw offer is of no known shape, or of another provider.

    `pointer` is the JSON pointer of the first missing or wrong part, relative to the raw offer;
    `problem` says what was expected there.
    """

    def __init__(self, pointer: str, problem: str) -> None:
        super().__init__(f"{pointer}: {problem}")
        self.pointer = pointer
        self.problem = problem
