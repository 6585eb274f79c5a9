"""Showing again that one is who one was, before how one signs in is changed.

A session may have been left open in a hotel. Whoever signed in within the last minutes is believed; the others are sent
a code. allauth's own page for this asks for a password or a second factor, which travelers do not have.
"""

import time
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from movmo.accounts.models import User
from movmo.accounts.pages import Page
from movmo.accounts.sign_in import codes, destinations, refusals
from movmo.accounts.sign_in.codes import LetterNotSent, Pending, Purpose
from movmo.accounts.sign_in.views import NOT_SENT, CodePage

RECENT = timedelta(minutes=10)


def is_recent(request: HttpRequest) -> bool:
    """Whether this session proved who it is within the last minutes, by signing in or by a code."""
    user = request.user
    records = get_authentication_records(request, user) if isinstance(user, User) else []
    return any(time.time() - record["at"] <= RECENT.total_seconds() for record in records)


class Guarded(LoginRequiredMixin, Page):
    """A page for those who signed in within the last minutes; the others come back to `after_confirming`."""

    after_confirming = "account_passkeys"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not is_recent(request):
            back = request.path if request.method == "GET" else reverse(self.after_confirming)
            return HttpResponseRedirect(f"{reverse('account_confirm')}?{urlencode({'next': back})}")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]


class Confirm(LoginRequiredMixin, CodePage):
    template_name = "accounts/confirm.html"
    purpose = Purpose.CONFIRM

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().get(request, *args, **kwargs) if self._find() else self._offer()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("action") == "send":
            return self._send()
        return super().post(request, *args, **kwargs) if self._find() else self.start_over()

    def start_url(self) -> str:
        return destinations.passed_on(self.request, reverse("account_confirm"))

    def proven(self) -> HttpResponse:
        record_authentication(self.request, self._user(), method="code", reauthenticated=True)
        return HttpResponseRedirect(destinations.wanted(self.request) or reverse("account_home"))

    def _find(self) -> bool:
        pending = Pending.of(self.request, self.purpose)
        if pending is None or pending.email != self._user().email:
            return False
        self.pending = pending
        return True

    def _send(self) -> HttpResponse:
        if seconds := refusals.wait_for_code(self.request, self._user().email):
            return refusals.too_many(self.request, seconds)
        try:
            codes.send(self.request, self.purpose, email=self._user().email)
        except LetterNotSent:
            return self._offer(failure=NOT_SENT, status=503)
        return HttpResponseRedirect(self.start_url())

    def _offer(self, *, failure: str = "", status: int = 200) -> HttpResponse:
        """Nothing is pending yet: a button that sends the letter. Opening a page sends none."""
        context = {"failure": failure, "next_url": destinations.wanted(self.request), "email": self._user().email}
        return render(self.request, "accounts/confirm_offer.html", context, status=status)

    def _user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user
