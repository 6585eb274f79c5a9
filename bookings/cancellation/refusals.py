"""Why a cancellation is not to be had, or not on these terms. The booking is as it was."""

from movmo.kit.errors import DomainError, Kind

ASK_ANEW = "Nothing was cancelled. Ask for a new quote with quote_cancellation, show it, and cancel with a new key."


class NotCancellable(DomainError):
    kind = Kind.CONFLICT
    code = "not_cancellable"
    message = "The booking cannot be cancelled: {reason}."
    hint = "get_booking shows the booking as it stands."
    example = {"reason": "it has failed"}


class QuoteStale(DomainError):
    kind = Kind.CONFLICT
    code = "quote_stale"
    message = "The airline no longer stands by this quote: {reason}."
    hint = ASK_ANEW
    example = {"reason": "it has expired", "expires_at": "2027-03-01T12:30:00+00:00"}


class QuoteUsed(DomainError):
    kind = Kind.CONFLICT
    code = "quote_used"
    message = "This quote has been used for a cancellation already."
    hint = ASK_ANEW
