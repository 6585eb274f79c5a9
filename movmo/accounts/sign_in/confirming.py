"""Showing again that one is who one was, before how one signs in is changed, or something is approved.

A session may have been left open in a hotel. Whoever signed in within the last minutes is believed; the others are sent
a code. allauth's own page for this asks for a password or a second factor, which travelers do not have.
"""

import time
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from movmo.accounts.models import User
from movmo.accounts.pages import Page
from movmo.accounts.passkey import services as passkeys
from movmo.accounts.sign_in import codes, destinations, refusals
from movmo.accounts.sign_in.codes import LetterNotSent, Pending, Purpose
from movmo.accounts.sign_in.views import NOT_SENT, CodePage
from movmo.operations.approval.states import Proof

RECENT = timedelta(minutes=10)


def is_recent(request: HttpRequest) -> bool:
    """Whether this session proved who it is within the last minutes, by signing in or by a code."""
    return bool(_recent(request))


def recent_proof(request: HttpRequest) -> Proof | None:
    """How this session last proved who it is within the last minutes, as far as travelers do: staff's passwords and
    second factors open the back office, and decide nothing for the person."""
    shown = (_proof(record) for record in reversed(_recent(request)))
    return next((proof for proof in shown if proof is not None), None)


def to_confirm(page: str) -> str:
    """Where one shows again who one is, and comes back to `page`."""
    return f"{reverse('account_confirm')}?{urlencode({'next': page})}"


def _recent(request: HttpRequest) -> list[dict[str, Any]]:
    user = request.user
    records = get_authentication_records(request, user) if isinstance(user, User) else []
    return [record for record in records if time.time() - record["at"] <= RECENT.total_seconds()]


def _proof(record: dict[str, Any]) -> Proof | None:
    if record["method"] == "mfa":
        return "passkey" if record.get("type") == Authenticator.Type.WEBAUTHN else None
    return "code" if record["method"] == "code" else None


class Guarded(LoginRequiredMixin, Page):
    """A page for those who signed in within the last minutes; the others come back to `after_confirming`."""

    after_confirming = "account_passkeys"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not is_recent(request):
            return HttpResponseRedirect(
                to_confirm(request.path if request.method == "GET" else reverse(self.after_confirming))
            )
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
        self.request.session.cycle_key()  # it opens more from here on
        return HttpResponseRedirect(destinations.wanted(self.request) or reverse("account_home"))

    def _find(self) -> bool:
        pending = Pending.of(self.request.session, self.purpose)
        if pending is None or pending.email != self._user().email:
            return False
        self.pending = pending
        return True

    def _send(self) -> HttpResponse:
        if seconds := refusals.wait_for_code(self.request, self._user().email):
            return refusals.too_many(self.request, seconds)
        try:
            codes.send(self.request.session, self.purpose, email=self._user().email)
        except LetterNotSent:
            return self._offer(failure=NOT_SENT, status=503)
        return HttpResponseRedirect(self.start_url())

    def _offer(self, *, failure: str = "", status: int = 200) -> HttpResponse:
        """Nothing is pending yet: a button that sends the letter. Opening a page sends none."""
        shown = {"failure": failure, "email": self._user().email, "has_passkey": self._has_passkey()}
        is_to_decide = destinations.wanted(self.request).startswith(reverse("approvals:approvals"))
        context = super(CodePage, self).get_context_data(**shown, is_to_decide=is_to_decide, form=None)
        return render(self.request, "accounts/confirm_offer.html", context, status=status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(has_passkey=self._has_passkey(), **kwargs)

    def _has_passkey(self) -> bool:
        return passkeys.possible() and passkeys.of(self._user()).exists()

    def _user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user
