"""The page of the bank's question, in a frame of the checkout's own page.

A page of its own, because what a bank's page may load, and where its forms may go, nobody knows: the frame's own page
lets neither. It has no script, and nobody's data but the bank's address.
"""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from csp.constants import NONE, SELF
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from checkout_widget import csp
from checkout_widget.frame.purchase import proofs
from checkout_widget.session.models import CheckoutSession

BANKS = ["https:"]


@method_decorator([csrf_exempt, never_cache, xframe_options_exempt], name="dispatch")
class Challenge(View):
    """POST with a proof, which a form of the frame sends into a frame of its own."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, session_id: UUID, **_: Any) -> HttpResponse:
        session = get_object_or_404(CheckoutSession, pk=session_id)
        with translation.override(session.locale):
            address = _address(session, request.POST.get("proof", ""))
            page = render(
                request, "checkout/bank.html", {"address": address, "session": session}, status=200 if address else 403
            )
        _open_to_bank(page, session, address)
        return page


def _address(session: CheckoutSession, proof: str) -> str:
    """Where the bank asks; empty where there is nothing to answer any more."""
    try:
        attempt = proofs.use(session, proof)
    except proofs.ProofInvalid:
        return ""
    return proofs.address_of(attempt)


def _open_to_bank(page: HttpResponseBase, session: CheckoutSession, address: str) -> None:
    """Banks send their askers from one address to the next, so any of them may stand in the frame; over https, as the
    sandbox's bank on this machine is not. `address` is one that `proofs.address_of` lets through."""
    parts = urlsplit(address)
    banks = [*BANKS, *([f"http://{parts.netloc}"] if parts.scheme == "http" else [])]
    csp.give(
        page,
        {
            "default-src": [NONE],
            "script-src": [NONE],
            "style-src": [SELF],
            "connect-src": [NONE],
            "frame-src": banks,
            "form-action": banks,
            "frame-ancestors": [SELF, session.origin],
        },
    )
