"""What a clerk who looks at a traveler's pages may ask for: a few of them, to read. Everything else is refused here.

The pages are named one by one. Left out are those that show personal values in full (the back office reveals them one
by one, and counts), those that begin something when they are only looked at, consent, and the back office itself.
"""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse

from movmo.accounts.impersonation import services
from movmo.accounts.impersonation.services import HISTORY, Still
from movmo.accounts.session.services import LENT
from movmo.kit import clock

PAGES = frozenset(
    {
        "landing",
        "account_home",
        "traveler:trips",
        "traveler:trip",
        "traveler:passengers",
        "traveler:cards",
        "oauth2_provider:connections",
    }
)
WAY_OUT = "impersonation_end"
TO_READ = ("GET", "HEAD")


class OnlyLooking:
    """Middleware, to stand behind the one that knows who is signed in, and before whatever counts as being there."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        session = request.session
        if session.session_key is None or not (LENT in session or session.get(HISTORY)):
            return self._get_response(request)
        standing = services.still(request, now=clock.now())
        if standing is Still.NOT:
            services.abandon(request)
            return redirect("admin:login")
        if standing is Still.OVER:
            return _over(request)
        request.impersonation = services.shown(request)  # type: ignore[attr-defined]
        if refusal := _refused(request):
            return refusal
        answer = self._get_response(request)
        answer.headers["Cache-Control"] = "no-store, private"
        return answer


def _over(request: HttpRequest) -> HttpResponseBase:
    traveler_id = services.end(request, code=services.EXPIRED)
    messages.info(request, "Half an hour is over: you do not see the traveler's pages any more.")
    return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[traveler_id]))


def _refused(request: HttpRequest) -> HttpResponseBase | None:
    name = _page_of(request)
    if name == WAY_OUT and request.method == "POST":
        return None
    is_reading = request.method in TO_READ
    if is_reading and name in PAGES:
        return None
    if not is_reading:
        services.refused(request, what=f"{request.method} {name or 'no page'}"[:100])
    answer = render(request, "accounts/only_looking.html", {"is_reading": is_reading}, status=403)
    answer.headers["Cache-Control"] = "no-store, private"
    return answer


def _page_of(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""
