"""The pages of passkeys, and signing in with one."""

from typing import Any, cast

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import TemplateView

from movmo.accounts.models import User
from movmo.accounts.pages import Page
from movmo.accounts.passkey import services as passkeys
from movmo.accounts.passkey.services import PasskeyRefused
from movmo.accounts.sign_in import destinations, refusals
from movmo.accounts.sign_in.confirming import Guarded
from movmo.accounts.sign_in.forms import NameForm

REFUSED = "That passkey was not accepted. Try again, or sign in with a code by e-mail."
NOT_CONFIRMED = "That passkey was not accepted. Try again, or take a code by e-mail."


class AskedPasskey(Page):
    """GET: the challenge, for the page's script. POST: the answer."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if seconds := refusals.wait_for_passkey(request):
            return refusals.too_many(request, seconds)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse(passkeys.request_options(request.session))


class SignInWithPasskey(AskedPasskey):
    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            passkey = passkeys.owned(request.POST.get("credential", ""), request.session)
            with passkeys.using(passkey):
                post_authentication(request, passkey, passwordless=True)
        except PasskeyRefused:
            messages.error(request, REFUSED)
            return HttpResponseRedirect(destinations.passed_on(request, reverse("account_login")))
        onward = destinations.wanted(request) or reverse("account_home")
        response: HttpResponse = perform_login(request, Login(user=passkey.user, redirect_url=onward))
        return response


class ConfirmWithPasskey(LoginRequiredMixin, AskedPasskey):  # type: ignore[misc]
    """Whoever is signed in shows it again, with a passkey of their own: another's is refused."""

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            passkey = passkeys.owned(request.POST.get("credential", ""), request.session)
            if passkey.user != request.user:
                raise PasskeyRefused
            with passkeys.using(passkey):
                post_authentication(request, passkey, reauthenticated=True, passwordless=True)
        except PasskeyRefused:
            messages.error(request, NOT_CONFIRMED)
            return HttpResponseRedirect(destinations.passed_on(request, reverse("account_confirm")))
        request.session.cycle_key()  # it opens more from here on
        return HttpResponseRedirect(destinations.wanted(request) or reverse("account_home"))


class Passkeys(LoginRequiredMixin, Page, TemplateView):
    template_name = "accounts/passkeys.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mine = passkeys.of(_person(self.request))
        return super().get_context_data(passkeys=mine, possible=passkeys.possible(), **kwargs)


class AddPasskey(Guarded, TemplateView):
    template_name = "accounts/passkey_new.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_somebody = request.user.is_authenticated
        if is_somebody and (not passkeys.possible() or passkeys.of(_person(request)).count() >= passkeys.MOST):
            messages.error(request, f"You can have {passkeys.MOST} passkeys at most, on sites that have a name.")
            return HttpResponseRedirect(reverse("account_passkeys"))
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NameForm(request.POST)
        if not form.is_valid():
            return render(request, self.template_name, {"form": form})
        try:
            passkeys.add(_person(request), name=form.cleaned_data["name"], sent=request.POST.get("credential", ""))
        except PasskeyRefused:
            messages.error(request, "That passkey was not accepted. Try again.")
            return HttpResponseRedirect(reverse("account_passkey_new"))
        messages.success(request, "The passkey was added. You can sign in with it from now on.")
        return HttpResponseRedirect(reverse("account_passkeys"))


class PasskeyOptions(Guarded):
    """The challenge for a new passkey, for the page's script."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse(passkeys.creation_options(_person(request)))


class OnePasskey(Guarded):
    """Rename or remove one of one's own; another's is not there."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(NameForm({"name": self._passkey().data["name"]}))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        passkey = self._passkey()
        if request.POST.get("action") == "remove":
            return self._remove(passkey)
        form = NameForm(request.POST)
        if not form.is_valid():
            return self._page(form)
        passkeys.rename(passkey, form.cleaned_data["name"])
        messages.success(request, "The passkey has its new name.")
        return HttpResponseRedirect(reverse("account_passkeys"))

    def _remove(self, passkey: Authenticator) -> HttpResponse:
        if passkeys.remove(_person(self.request), passkey):
            messages.success(self.request, "The passkey was removed. Delete it from your device too.")
        else:
            messages.error(self.request, "This passkey opens the back office too. Remove it there first.")
        return HttpResponseRedirect(reverse("account_passkeys"))

    def _page(self, form: NameForm) -> HttpResponse:
        return render(self.request, "accounts/passkey.html", {"form": form, "passkey": self._passkey()})

    def _passkey(self) -> Authenticator:
        passkey: Authenticator = get_object_or_404(passkeys.of(_person(self.request)), pk=self.kwargs["pk"])
        return passkey


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
