"""One request of the frame: its token names the session, whose language it speaks and whose caller asks.

The token sits in the frame's memory and comes in the Authorization header: no cookie is sent, so there is no request
that another page could forge.
"""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from checkout_widget.session import asking, callers, services
from checkout_widget.session.models import CheckoutSession
from movmo.kit import http
from movmo.kit.errors import DomainError
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer

SCHEME = "Bearer "


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class FrameView(View):
    """`session` is the one that the token is for; every refusal becomes a fragment that says what to do next."""

    session: CheckoutSession

    def dispatch(self, request: HttpRequest, *args: Any, session_id: UUID, **kwargs: Any) -> HttpResponseBase:
        try:
            self.session = services.held(session_id, bearer_of(request))
        except DomainError as refusal:
            return refused(request, refusal)
        with translation.override(self.session.locale):
            try:
                return super().dispatch(request, *args, **kwargs)
            except DomainError as refusal:
                return refused(request, refusal)

    @property
    def caller(self) -> Caller:
        return callers.of(self.session, request_id=http.request_id(self.request.headers.get("X-Request-Id")))

    def ask(self, operation_name: str, arguments: dict[str, Any], key: str | None = None) -> Answer:
        """Raises DomainError."""
        return asking.ask(self.caller, operation_name, arguments, key)

    def tell(self, operation_name: str, **arguments: Any) -> dict[str, Any]:
        """Raises DomainError."""
        return asking.told(self.caller, operation_name, **arguments)

    def show(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """A fragment of templates/checkout."""
        return render(self.request, f"checkout/{template}.html", {"session": self.session, **context}, status=status)


def bearer_of(request: HttpRequest) -> str:
    given = request.headers.get("Authorization", "")
    return given.removeprefix(SCHEME) if given.startswith(SCHEME) else ""


def refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    return render(request, "checkout/refused.html", {"refusal": refusal}, status=http.status_of(refusal))
