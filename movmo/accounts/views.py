"""Sign-in with an e-mail address and a one-time code. One page for new and known travelers, one answer for both.

Staff sign in with a password at the back office's own page; here is what holds guessing back.
"""

from typing import Any

from allauth.account import app_settings
from allauth.account.views import ConfirmLoginCodeView, LogoutView, RequestLoginCodeView
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.generic import TemplateView

from movmo.accounts import attempts, limits, mailbox
from movmo.accounts.models import User
from movmo.accounts.pages import Page

OFFICE = 3  # times as many sign-ins of a network as of an account


class SignIn(Page, RequestLoginCodeView):
    def form_valid(self, form: Any) -> HttpResponse:
        """A new address becomes a traveler here, so that both kinds get the same page and the same letter.

        Nobody is harmed by an account that only the owner of the mailbox can enter. A deactivated traveler stays
        unknown to allauth and gets a letter that says so; the page does not tell.
        """
        attempts.forget_ended()
        traveler = User.objects.arrive(form.cleaned_data["email"])
        form._user = traveler if traveler.is_active else None
        response: HttpResponse = super().form_valid(form)
        return response

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        """Whoever comes back to this page mistyped the address: let them start over, whatever is pending."""


class EnterCode(Page, ConfirmLoginCodeView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Judge no guess and send no letter that was not counted first."""
        is_resend = self._action == "resend"
        limit = app_settings.LOGIN_BY_CODE_MAX_RESEND_COUNT if is_resend else app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS
        state, session_key = self._process.state, str(request.session.session_key)
        if attempts.take(attempts.name_of(session_key, state, self._action), limit=limit):
            response: HttpResponse = super().post(request, *args, **kwargs)
            return response
        if is_resend:
            return HttpResponseRedirect(self.passthrough_next_url(reverse("account_confirm_login_code")))  # type: ignore[no-untyped-call]
        state["failed_attempts"] = limit  # whatever this request's copy of the session says
        ended: HttpResponse = self.form_invalid(None)
        return ended


class SignOut(Page, LogoutView):
    pass


class Inactive(Page, TemplateView):
    template_name = "account/account_inactive.html"


class Home(Page, LoginRequiredMixin, TemplateView):
    template_name = "accounts/home.html"


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The back office's sign-in page. A password is hashed slowly, so guesses are counted before that is done.

    Both by network and by account: one network may try many accounts, many networks one. An office shares a network.
    A clerk whose account is under attack still comes in by a code sent by e-mail.
    """
    if request.method == "POST":
        network, account = limits.network_of(request), request.POST.get("username", "").strip().lower()
        an_hour = settings.MOVMO_ADMIN_SIGN_INS_PER_HOUR
        seconds = limits.wait("admin network", network, an_hour=OFFICE * an_hour)
        if seconds := seconds or limits.wait("admin account", account, an_hour=an_hour):
            limited = render(request, "429.html", status=429)
            limited["Retry-After"] = str(seconds)
            return limited
    return admin.site.login(request)


class Mailbox(Page, TemplateView):
    """Everything the embedded default ever mailed. There is no such page in production."""

    template_name = "accounts/mailbox.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(letters=mailbox.latest(), **kwargs)
