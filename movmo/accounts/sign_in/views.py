"""Signing in with an e-mail address and a one-time code: one page for new and known travelers, one answer for both."""

from abc import ABC, abstractmethod
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import FormView

from movmo.accounts.models import User
from movmo.accounts.pages import Page
from movmo.accounts.passkey import services as passkeys
from movmo.accounts.sign_in import codes, destinations, refusals
from movmo.accounts.sign_in.codes import LetterNotSent, Pending, Purpose, Verdict
from movmo.accounts.sign_in.destinations import LeadsOn
from movmo.accounts.sign_in.forms import CodeForm, EmailForm

NOT_SENT = "We could not send the letter. Nothing is wrong with your address; try again in a minute."
ENDED = "That code works no longer: it was tried three times, or it is older than ten minutes. Ask for a new one."


class SignIn(LeadsOn, Page, FormView):  # type: ignore[type-arg]
    """Whoever comes back to this page mistyped the address: they start over, whatever is pending."""

    template_name = "account/request_login_code.html"
    form_class = EmailForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(destinations.wanted(request) or reverse("account_home"))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def form_valid(self, form: EmailForm) -> HttpResponse:
        email = form.cleaned_data["email"]
        if seconds := refusals.wait_for_code(self.request, email):
            return refusals.too_many(self.request, seconds)
        try:
            codes.send(self.request.session, Purpose.SIGN_IN, email=email)
        except LetterNotSent:
            form.add_error(None, NOT_SENT)
            return self.render_to_response(self.get_context_data(form=form), status=503)
        return HttpResponseRedirect(destinations.passed_on(self.request, reverse("account_confirm_login_code")))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(passkeys_possible=passkeys.possible(), **kwargs)


class CodePage(LeadsOn, Page, FormView, ABC):  # type: ignore[type-arg]
    """A page that waits for a code: `verify` is what its form does, `resend` what the other button does."""

    form_class = CodeForm
    purpose: Purpose
    pending: Pending

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("action") == "resend":
            return self.resend()
        return super().post(request, *args, **kwargs)

    def resend(self) -> HttpResponse:
        if seconds := refusals.wait_for_code(self.request, self.pending.email):
            return refusals.too_many(self.request, seconds)
        try:
            if codes.send_again(self.request.session, self.purpose, self.pending):
                messages.success(self.request, "We sent another code. The one before works no longer.")
            else:
                messages.error(self.request, "We sent three letters already. Look for them in your spam folder.")
        except LetterNotSent:
            messages.error(self.request, NOT_SENT)
        return HttpResponseRedirect(destinations.passed_on(self.request, self.request.path))

    def form_valid(self, form: CodeForm) -> HttpResponse:
        verdict = codes.judge(self.request.session, self.purpose, self.pending, form.cleaned_data["code"])
        if verdict is Verdict.RIGHT:
            return self.proven()
        if verdict is Verdict.USED:
            return HttpResponseRedirect(destinations.wanted(self.request) or reverse("account_home"))
        if verdict is Verdict.ENDED:
            return self.start_over()
        form.add_error("code", "This code is incorrect. Take the one in the newest letter.")
        return self.form_invalid(form)

    def start_over(self) -> HttpResponse:
        messages.error(self.request, ENDED)
        return HttpResponseRedirect(self.start_url())

    @abstractmethod
    def proven(self) -> HttpResponse:
        """What comes after the right code."""

    @abstractmethod
    def start_url(self) -> str:
        """Where another code is asked for."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(email=self.pending.email, start_url=self.start_url(), **kwargs)


class EnterCode(CodePage):
    template_name = "account/confirm_login_code.html"
    purpose = Purpose.SIGN_IN

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(destinations.wanted(request) or reverse("account_home"))
        pending = Pending.of(request.session, self.purpose)
        if pending is None:
            return HttpResponseRedirect(self.start_url())
        self.pending = pending
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def start_url(self) -> str:
        return destinations.passed_on(self.request, reverse("account_login"))

    def proven(self) -> HttpResponse:
        """The traveler comes to be here, when the address is proven to be theirs."""
        email = self.pending.email
        traveler = User.objects.arrive(email)
        record_authentication(self.request, traveler, method="code", email=email)
        onward = destinations.wanted(self.request) or reverse("account_home")
        response: HttpResponse = perform_login(self.request, Login(user=traveler, redirect_url=onward, email=email))
        return response
