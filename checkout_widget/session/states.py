"""States of a checkout, and the steps between them.

    open            nobody has shown who they are in the frame that holds the session now
    authenticated   somebody has, by the code from their letter or by a passkey
    ready           every slot has its passenger
    confirming      the traveler has said yes; the booking is being made, or its outcome is not known yet
    requires_action their bank asks
    completed       booked
    failed          it cannot be booked any more
    expired         its time was over before anybody said yes
    canceled        the partner took it back

A checkout whose booking is under way neither expires nor is canceled: the booking decides. What was told as failed and
turns out to be booked is told as it is.
"""

from django.db.models import TextChoices

MOST_DECLINES = 3
BOOKED = ("confirmed", "ticketed", "held")
"""States of a booking that is one."""


# Of this name in the OpenAPI document. No docstring: it would become the public description there.
class CheckoutState(TextChoices):
    OPEN = "open"
    AUTHENTICATED = "authenticated"
    READY = "ready"
    CONFIRMING = "confirming"
    REQUIRES_ACTION = "requires_action"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"


State = CheckoutState

EARLY = (State.OPEN, State.AUTHENTICATED, State.READY)
"""Nobody has said yes."""
SIGNED_IN = (State.AUTHENTICATED, State.READY)
UNDER_WAY = (State.CONFIRMING, State.REQUIRES_ACTION)
OVER = (State.COMPLETED, State.FAILED, State.EXPIRED, State.CANCELED)

_ENDS = {State.EXPIRED, State.CANCELED}
# Back to where the refusal can be mended; to `open` where another frame has claimed the session meanwhile.
_DECIDED = {*EARLY, State.COMPLETED, State.FAILED}
STEPS: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.AUTHENTICATED, *_ENDS}),
    State.AUTHENTICATED: frozenset({State.OPEN, State.READY, State.FAILED, *_ENDS}),
    # To itself when the price changes.
    State.READY: frozenset({State.OPEN, State.AUTHENTICATED, State.READY, State.CONFIRMING, State.FAILED, *_ENDS}),
    State.CONFIRMING: frozenset({State.REQUIRES_ACTION, *_DECIDED}),
    State.REQUIRES_ACTION: frozenset({State.CONFIRMING, *_DECIDED}),
}
LATE: dict[State, frozenset[State]] = {state: frozenset({State.COMPLETED}) for state in (*EARLY, State.FAILED, *_ENDS)}
"""Only by a booking that was told as failed before."""
