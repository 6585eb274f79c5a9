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
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from checkout_widget import words
from checkout_widget.session import asking, callers, closing, queries, services, steps
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.refusals import CodeTriesExhausted, FrameReplaced
from checkout_widget.session.states import UNDER_WAY
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock, http
from movmo.kit.errors import DomainError
from movmo.operations.context import Caller
from movmo.operations.dispatch import Answer, waiting_for_locks

SCHEME = "Bearer "
ENDED = (State.EXPIRED, State.CANCELED)
"""Nothing is left to be shown of these, whoever asks."""
FRAGMENT = "Movmo-Fragment"
"""Marks what the frame's script may put into its page: an error page of the server's is not."""
LOOKS_EVERY = 2
"""Seconds between two looks at a booking that is under way."""


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class FrameView(View):
    """`session` is the one that the token is for; every refusal becomes a fragment that says what to do next."""

    session: CheckoutSession
    token: str
    """The digest of the frame's token, as the session had it when the request came."""

    def dispatch(self, request: HttpRequest, *args: Any, session_id: UUID, **kwargs: Any) -> HttpResponseBase:
        try:
            self.session = services.held(session_id, bearer_of(request))
        except FrameReplaced as refusal:
            return _not_held(request, session_id, refusal)
        except DomainError as refusal:
            return refused(request, refusal)
        return self.answer(request, *args, session_id=session_id, **kwargs)

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """For whoever holds `session`."""
        self.token = self.session.bearer_digest
        with translation.override(self.session.locale):
            if closing.is_closed(self.session):
                return self.over()
            try:
                with waiting_for_locks():
                    return _marked(super().dispatch(request, *args, **kwargs))
            except FrameReplaced as refusal:
                return refused(request, refusal)
            except DomainError as refusal:
                return refused(request, refusal, self.session)

    def check_still_held(self) -> None:
        """A session that was read anew may be another frame's by now, and somebody else's. Raises FrameReplaced."""
        if self.session.bearer_digest != self.token:
            raise FrameReplaced

    @property
    def caller(self) -> Caller:
        self.check_still_held()
        return callers.of(self.session, request_id=http.request_id(self.request.headers.get("X-Request-Id")))

    def ask(self, operation_name: str, arguments: dict[str, Any], key: str | None = None) -> Answer:
        """Raises DomainError."""
        return asking.ask(self.caller, operation_name, arguments, key)

    def tell(self, operation_name: str, **arguments: Any) -> dict[str, Any]:
        """Raises DomainError."""
        return asking.values_of(self.caller, operation_name, **arguments)

    def show(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """A fragment of templates/checkout. `attributes` in it are those by which its section tells the frame's
        script how the session stands: see frame.js.
        """
        self.check_still_held()
        known = {"session": self.session, "attributes": attributes_of(self.session)}
        return render(self.request, f"checkout/{template}.html", {**known, **context}, status=status)

    def over(self) -> HttpResponse:
        """Its time is over, the partner has taken it back, or staff have closed it."""
        return _over(self.request, self.session)


def bearer_of(request: HttpRequest) -> str:
    given = request.headers.get("Authorization", "")
    return given.removeprefix(SCHEME) if given.startswith(SCHEME) else ""


def refused(request: HttpRequest, refusal: DomainError, session: CheckoutSession | None = None) -> HttpResponse:
    """A fragment. Nothing goes on in a frame that has no token, and none after too many codes."""
    is_fatal = session is None or isinstance(refusal, CodeTriesExhausted)
    shown = {"refusal": refusal, "text": words.of(refusal), "is_fatal": is_fatal, "session": session}
    shown["attributes"] = attributes_of(session) if session else ""
    page = render(request, "checkout/refused.html", shown, status=http.status_of(refusal))
    if refusal.retry_after is not None:
        page["Retry-After"] = str(refusal.retry_after)
    _marked(page)
    return page


def attributes_of(session: CheckoutSession) -> SafeString:
    """Of a fragment's section: how the session stands."""
    state = steps.state_of(session, now=clock.now())
    said = {
        "status": str(state),
        "mark": str(session.sequence),
        "amount": session.total.amount,
        "currency": session.currency,
    }
    if state in UNDER_WAY:
        said |= {"locked": "", "poll": str(LOOKS_EVERY)}
    if state is State.COMPLETED:
        said |= {"complete": "", "booking": str(session.booking_id or ""), "locator": session.record_locator}
    return format_html_join(" ", 'data-{}="{}"', said.items())


def _not_held(request: HttpRequest, session_id: UUID, refusal: FrameReplaced) -> HttpResponse:
    """The token of a session that is over is none any more: that it is over is what its frame has to hear."""
    session = queries.of_id(session_id)
    if session is None:
        return refused(request, refusal)
    with translation.override(session.locale):
        if steps.state_of(session, now=clock.now()) in ENDED:
            return _over(request, session)
        return refused(request, refusal)


def _over(request: HttpRequest, session: CheckoutSession) -> HttpResponse:
    """Whoever asks, with a token or without, hears that it is over and nothing else of it."""
    state = format_html('data-status="{}"', steps.state_of(session, now=clock.now()))
    page = render(request, "checkout/over.html", {"session": session, "attributes": state}, status=410)
    _marked(page)
    return page


def _marked(response: HttpResponseBase) -> HttpResponseBase:
    response.headers[FRAGMENT] = "1"
    return response
