"""Who may enter the back office: staff who proved two things in this session, not long ago, and are still there.

Both stand in the records that allauth keeps of a session: a password or a code by e-mail, and then a second factor.
A passkey is both at once. Nothing else counts: not being signed in, and not being a superuser.
"""

from datetime import timedelta
from enum import Enum, auto
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.contrib.auth import logout
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from movmo.accounts.models import User
from movmo.accounts.office import naming, second_factor
from movmo.kit import clock

FRESH = timedelta(minutes=10)  # for the second step, and for changing what it is done with
LONGEST = timedelta(hours=8)
IDLE = timedelta(minutes=30)
HOME = "/admin/"
SEEN = "office_seen_at"
_WRITE_EVERY = 30  # seconds: not every page needs to write the session


class Standing(Enum):
    STRANGER = auto()  # not staff, or signed in too long ago
    HALFWAY = auto()  # signed in just now, without the second factor
    INSIDE = auto()


def standing(request: HttpRequest) -> Standing:
    """The session's age is that of its first record: signing in is what starts a day, and nothing prolongs it."""
    user = request.user
    if not isinstance(user, User):
        return Standing.STRANGER
    return standing_of(user, get_authentication_records(request, user), seen=request.session.get(SEEN, 0))


def standing_of(user: User, records: list[dict[str, Any]], *, seen: float) -> Standing:
    """Of a session with these records, whose last page was asked for at `seen`."""
    if not user.is_active or not user.is_staff:
        return Standing.STRANGER
    now = clock.now().timestamp()
    if not records or now - min(record["at"] for record in records) > LONGEST.total_seconds():
        return Standing.STRANGER
    proof = _second_factor(user, records)
    if proof is None:
        begun = max(record["at"] for record in records)
        return Standing.HALFWAY if now - begun <= FRESH.total_seconds() else Standing.STRANGER
    last = max(proof["at"], seen)
    return Standing.INSIDE if now - last <= IDLE.total_seconds() else Standing.STRANGER


def is_fresh(request: HttpRequest) -> bool:
    """Whether the second factor was shown just now: for changing factors, which an open office is not enough for."""
    user = request.user
    if standing(request) is not Standing.INSIDE or not isinstance(user, User):
        return False
    proof = _second_factor(user, get_authentication_records(request, user))
    return proof is not None and clock.now().timestamp() - proof["at"] <= FRESH.total_seconds()


def _second_factor(user: User, records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The latest record of a factor that the user still has: with a factor go the sessions it opened."""
    shown = [record for record in records if record.get("method") == "mfa"]
    kept = second_factor.known(user, [record["id"] for record in shown]) if shown else set()
    return next((record for record in reversed(shown) if record["id"] in kept), None)


def next_page(request: HttpRequest) -> str:
    """Where to afterwards: a page of the office, whatever `next=` says."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = wanted.startswith(HOME) and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else HOME


class OfficeSite(UnfoldAdminSite):
    """Django's admin behind two proofs."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Asked before every page of the admin; whoever it lets in was there."""
        if standing(request) is not Standing.INSIDE:
            return False
        now = clock.now().timestamp()
        if now - request.session.get(SEEN, 0) >= _WRITE_EVERY:
            request.session[SEEN] = now
        return True

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The theme takes any page for a number, and one that there is."""
        try:
            return super().search(request, extra_context)
        except InvalidPage:
            raise Http404 from None

    def _search_apps(self, app_list: list[dict[str, Any]], search_term: str) -> list[SearchResult]:
        """Lists by what the sidebar calls them, for that is what people type."""
        for app in app_list:
            for model in app["models"]:
                if name := naming.of(model["admin_url"]):
                    model["name"] = name.title
        found: list[SearchResult] = super()._search_apps(app_list, search_term)
        for result in found:
            if name := naming.of(str(result.link)):
                result.description = name.section
        return found

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from movmo.accounts.office.views import SignIn  # pages know the office, not it them

        if request.user.is_authenticated and request.user.is_staff and standing(request) is Standing.STRANGER:
            logout(request)
        answer = SignIn.as_view(site=self)(request)
        assert isinstance(answer, HttpResponse)
        return answer
