"""The frame's own page: a shell without anybody's data, for the one origin that may hold it in a frame.

GET    in a frame or a window of the partner's page, whose script hands over the client secret by a message
POST   where neither can be used: the partner's page sends its visitor here, with the secret in a form
"""

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from checkout_widget import csp, words
from checkout_widget.frame import claiming
from checkout_widget.frame.access import ENDED
from checkout_widget.frame.refusals import OriginForeign
from checkout_widget.session import closing, queries, steps
from checkout_widget.session.models import CheckoutSession
from movmo.kit import clock, http
from movmo.kit.errors import DomainError

THEMES = ("auto", "light", "dark")
SCRIPTS = (
    "checkout/frame.js",
    "checkout/vendor/htmx-4.0.1.min.js",
    "checkout/passkey.js",
    "checkout/card.js",
    "checkout/passenger.js",
)
"""In this order: the first tells the page at once that the frame is there, and waits for the others by itself."""
AHEAD_SECONDS = 300


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class Frame(View):
    session: CheckoutSession

    def dispatch(self, request: HttpRequest, *args: Any, session_id: UUID, **kwargs: Any) -> HttpResponseBase:
        session = queries.of_id(session_id)
        if session is None:
            return unusable(request, status=404)
        self.session = session
        with translation.override(session.locale):
            if steps.state_of(session, now=clock.now()) in ENDED or closing.is_closed(session):
                return unusable(request, status=410)
            return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return self._shell(request)

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        """The token goes into the page, for the memory of its script. A page of another origin is not let in with a
        secret that it may have found.
        """
        try:
            if request.headers.get("Origin") != self.session.origin:
                raise OriginForeign
            secret = request.POST.get("client_secret", "")
            self.session, bearer = claiming.claim(request, self.session.pk, secret)
        except DomainError as refusal:
            return unusable(request, status=http.status_of(refusal), refusal=refusal)
        theme = request.POST.get("theme", "")
        theme = theme if theme in THEMES else "auto"
        return self._shell(request, bearer=bearer, theme=theme, back=return_url_of(self.session))

    def _shell(self, request: HttpRequest, **redirected: str) -> HttpResponse:
        page = render(request, "checkout/frame.html", {"session": self.session, "scripts": SCRIPTS, **redirected})
        csp.give(page, csp.of_frame(self.session.origin))
        return page


class Ahead(View):
    """What the button loads, unseen, once somebody is about to press it: nobody's page, with nothing on it. It fetches
    the files of the frame, has the browser make room for them, and runs no script.
    """

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        page = render(request, "checkout/ahead.html", {"scripts": SCRIPTS})
        page.headers["Cache-Control"] = f"public, max-age={AHEAD_SECONDS}"
        csp.give(page, csp.of_ahead())
        return page


def return_url_of(session: CheckoutSession) -> str:
    """Where the traveler goes afterwards: the partner reads there which session it was, and asks us how it stands."""
    parts = urlsplit(session.return_url)
    query = "&".join(filter(None, (parts.query, urlencode({"session_id": session.pk}))))
    return urlunsplit(parts._replace(query=query))


def unusable(request: HttpRequest, *, status: int, refusal: DomainError | None = None) -> HttpResponse:
    """A page that nobody may frame."""
    shown = {"text": words.of(refusal) if refusal else "", "is_gone": status == 410}
    page = render(request, "checkout/unusable.html", shown, status=status)
    page.headers["X-Frame-Options"] = "DENY"
    return page
