"""The security code of a card that is kept: typed into the vault's own field, and the yes goes on from there."""

from django.http import HttpResponse

from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase.reviewing import Offer


def asked(view: FrameView, offer: Offer, card_id: str) -> HttpResponse:
    """Raises what open_security_code_capture refuses."""
    capture = view.tell("open_security_code_capture", payment_method_id=card_id)
    return view.show("security_code", offer=offer, capture=capture, chosen=card_id, total=view.session.total)
