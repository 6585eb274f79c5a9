"""What every page of a partner has in common: a member's, asked for anew each time, and private."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

from csp.constants import SELF
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.cache import cache
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from movmo.accounts import limits
from movmo.accounts.models import User
from movmo.accounts.pages import Page
from movmo.accounts.sign_in import refusals
from movmo.accounts.sign_in.confirming import recent_proof, to_confirm
from movmo.kit import http
from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import is_id, new_id
from partners.member import queries as members
from partners.member.models import Member, Role
from partners.partner.models import Partner
from partners.portal import acting

STATUSES = {Kind.LIMITED: 429, Kind.UPSTREAM_UNREACHABLE: 503, Kind.CONFLICT: 409}
CHANGES_AN_HOUR = 240
ONCE_SECONDS = 24 * 60 * 60
TWICE = "This was sent before and is done already. What was shown once is not shown again: here is how it stands."


class PersonsPage(LoginRequiredMixin, Page):
    """Of somebody who is signed in. Its forms lead to this server only."""

    @property
    def person(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user

    def render(self, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        response = render(self.request, template, context, status=status)
        response._csp_update = {"form-action": [SELF]}  # type: ignore[attr-defined]
        return response


class PartnerPage(PersonsPage):
    """`needs` is the role that may send its forms; looking takes any. Where `is_fresh`, one shows again who one is:
    before the page is even filled in, so that nothing typed is lost on the way."""

    member: Member
    needs: ClassVar[Role] = Role.DEVELOPER
    looking_needs: ClassVar[Role] = Role.VIEWER
    is_fresh: ClassVar[bool] = False
    tab: ClassVar[str] = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404:
            found = getattr(self, "member", None)
            context = self.context() if found else {"memberships": list(members.of(self.person))}
            return self.render("partner/absent.html", context, status=404)

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.request_id = http.request_id(request.headers.get("X-Request-Id"))

    def admit(self) -> HttpResponse | None:
        """The answer to whoever may not go on here. Raises Http404 for who is no member."""
        found = members.at(self.kwargs["slug"], self.person)
        if found is None:
            raise Http404
        self.member = found
        is_sending = self.request.method not in ("GET", "HEAD", "OPTIONS")
        if not found.may(self.needs if is_sending else self.looking_needs):
            return self.render("partner/refused.html", {**self.context(), "needs": self.needs}, status=403)
        if self.is_fresh and recent_proof(self.request) is None:
            return HttpResponseRedirect(to_confirm(self.request.path))
        if is_sending and (seconds := limits.wait("partner pages", str(self.person.pk), an_hour=CHANGES_AN_HOUR)):
            return refusals.too_many(self.request, seconds)
        return None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.admit() or self.shown()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.admit() or self.sent()

    def shown(self) -> HttpResponse:
        """The page, for a member."""
        raise NotImplementedError

    def sent(self) -> HttpResponse:
        """What the page's form does, for a member who may."""
        raise Http404

    @property
    def partner(self) -> Partner:
        return self.member.partner

    def context(self) -> dict[str, Any]:
        return {
            "member": self.member,
            "partner": self.partner,
            "tab": self.tab,
            "may": {role.value: self.member.may(role) for role in Role},
            "has_others": members.of(self.person).count() > 1,
            "once": str(new_id()),
        }

    def show(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        return self.render(f"partner/{template}.html", {**self.context(), **context}, status=status)

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"partner:{name}", args=[self.partner.slug, *args])

    def done(self, message: str, name: str, *args: Any) -> HttpResponse:
        """Post, redirect, get."""
        messages.success(self.request, message)
        return HttpResponseRedirect(self.url(name, *args))

    def not_done(self, reason: str, name: str, *args: Any) -> HttpResponse:
        messages.warning(self.request, reason)
        return HttpResponseRedirect(self.url(name, *args))

    @contextmanager
    def changing(self, what: str) -> Iterator["Change"]:
        """The change and its line in the audit trail, in one transaction."""
        change = Change()
        with transaction.atomic():
            yield change
            acting.note(self.member, what, change.about, request_id=self.request_id, **change.arguments)

    def is_first(self) -> bool:
        """Of a form that makes a secret: false for the same form sent again, by a double click or a reload."""
        once = self.request.POST.get("once", "")
        return is_id(once) and cache.add(f"partner-form:{self.person.pk}:{once}", 1, ONCE_SECONDS)


class Change:
    """What a line of the trail is about; filled in while the change is made."""

    def __init__(self) -> None:
        self.about: UUID | None = None
        self.arguments: dict[str, Any] = {}

    def of(self, about: UUID | None, **arguments: Any) -> None:
        self.about, self.arguments = about, arguments


def status_of(refusal: DomainError) -> int:
    return STATUSES.get(refusal.kind, 422)
