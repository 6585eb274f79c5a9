"""A card pays in the frame with its security code, which its vault alone has: for some minutes, and for one payment.

Whether it has one only the vault is asked. What the page says of it counts for nothing.
"""

from uuid import UUID

from checkout_widget.session import callers
from checkout_widget.session.asking import values_of
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import SecurityCodeWanted
from movmo.kit.errors import NotFound


def check(session: CheckoutSession, payment_method_id: UUID | None, *, request_id: str = "") -> None:
    """Raises SecurityCodeWanted, or what open_security_code_capture refuses; a card that there is not is left to the
    booking to refuse, and a yes that came second to the first."""
    if payment_method_id is None:
        return
    caller = callers.of(session, request_id=request_id)
    try:
        told = values_of(caller, "open_security_code_capture", payment_method_id=str(payment_method_id))
    except NotFound:
        return
    # The code that is missing may have gone with the yes that was faster.
    is_first = CheckoutSession.objects.filter(pk=session.pk, sequence=session.sequence).exists()
    if not told["is_held"] and is_first:
        raise SecurityCodeWanted
