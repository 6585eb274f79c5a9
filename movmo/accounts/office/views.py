"""The pages on the way into the back office: the password, the second factor, and what that is."""

from typing import Any

import structlog
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import AccessMixin
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from unfold.forms import AuthenticationForm

from movmo.accounts import limits
from movmo.accounts.letter import notices
from movmo.accounts.models import User
from movmo.accounts.office import lockout, second_factor
from movmo.accounts.office import site as office
from movmo.accounts.office.lockout import Try, Way
from movmo.accounts.office.site import OfficeSite, Standing
from movmo.accounts.pages import Page
from movmo.accounts.passkey import services as passkeys
from movmo.accounts.passkey.services import PasskeyRefused
from movmo.accounts.session import devices
from movmo.accounts.sign_in import refusals
from movmo.kit import clock
from movmo.kit.crypto import DecryptionFailed

log = structlog.get_logger()

NETWORK_SHARE = 3  # times as many tries of a network as of an account: an office shares one
PENDING_SECRET = "office_new_secret"  # noqa: S105  (where it is kept, encrypted)
WRONG_CODE = "That is not the code, or it was used already. Wait for the next one and try again."
WRONG_PASSKEY = "The passkey was not accepted. Try again, or use another way."


def limited(request: HttpRequest, what: str, account: str) -> HttpResponse | None:
    """The answer to one try too many. Both by network and by account: one network may try many, many may try one."""
    an_hour = settings.MOVMO_ADMIN_SIGN_INS_PER_HOUR
    seconds = limits.wait(f"{what} network", limits.network_of(request), an_hour=NETWORK_SHARE * an_hour)
    if not (seconds := seconds or limits.wait(f"{what} account", account, an_hour=an_hour)):
        return None
    return refusals.too_many(request, seconds)


def tell_of_rest(clerk: User, way: Way) -> None:
    log.warning("sign_in.locked", user_id=str(clerk.pk), way=way.value)
    notices.account_locked(clerk, until=clock.now() + lockout.RESTS_FOR)


class PasswordForm(AuthenticationForm):
    """One answer to everything that is wrong, and the same work: an unknown account, a traveler's, a password that is
    wrong, and any password while it rests."""

    def clean(self) -> dict[str, Any]:
        email = str(self.cleaned_data.get("username", "")).strip().lower()
        self.cleaned_data["username"] = email
        clerk = User.objects.filter(email=email, is_staff=True, is_active=True).first()
        assert self.request is not None
        name = lockout.name_of(clerk, Way.PASSWORD, devices.known_as(self.request, email)) if clerk else ""
        taken = lockout.take(name, now=clock.now()) if clerk else Try.REFUSED
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            if clerk and taken is Try.TAKEN_AND_LOCKED:
                tell_of_rest(clerk, Way.PASSWORD)
            raise
        if clerk is None or taken is Try.REFUSED:
            raise self.get_invalid_login_error()
        lockout.forget(name)
        return cleaned


class SignIn(LoginView):
    """The back office's own sign-in page, with a password. A code by e-mail does as well: `/accounts/login/`."""

    template_name = "admin/login.html"
    authentication_form = PasswordForm
    site: OfficeSite | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        where = office.standing(request)
        if where is Standing.INSIDE:
            return HttpResponseRedirect(office.next_page(request))
        if where is Standing.HALFWAY:
            return to_second_factor(request)
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        account = request.POST.get("username", "").strip().lower()
        browser = devices.known_as(request, account) or ""  # others' guesses do not keep the clerk's own out
        return limited(request, "admin", f"{account} {browser}") or super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        login = Login(user=form.get_user(), redirect_url=office.next_page(self.request))
        answer: HttpResponse = perform_password_login(self.request, {}, login)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        assert self.site is not None
        shown = {**self.site.each_context(self.request), "title": "Sign in", "subtitle": None}
        shown |= {"app_path": self.request.get_full_path(), "username": self.request.user.get_username()}
        return super().get_context_data(**kwargs) | shown | {"next": office.next_page(self.request)}


def to_second_factor(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('second_factor')}?{urlencode({'next': office.next_page(request)})}")


class StaffPage(AccessMixin, Page):
    """A page for staff who signed in just now or are inside. Everybody else signs in first."""

    clerk: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if office.standing(request) is Standing.STRANGER or not isinstance(request.user, User):
            return redirect(f"{reverse('admin:login')}?{urlencode({'next': office.next_page(request)})}")
        self.clerk = request.user
        return super().dispatch(request, *args, **kwargs)

    def enter(self, factor: Authenticator) -> None:
        """Record in the session that this factor was shown. The session opens more from here on, so it gets a new key:
        whoever saw the one before has nothing of it."""
        factor.user = self.clerk
        post_authentication(self.request, factor)
        self.request.session.cycle_key()


class SecondFactor(StaffPage):
    """The second step."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if office.is_fresh(request):
            return HttpResponseRedirect(self._next())
        if not second_factor.factors_of(self.clerk).exists():
            return redirect(f"{reverse('second_factor_new')}?{urlencode({'next': self._next()})}")
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        if refusal := limited(request, "second factor", str(self.clerk.pk)):
            return refusal
        by_passkey = "credential" in request.POST
        factor = self._passkey() if by_passkey else self._code()
        if factor is None:
            return self._page(WRONG_PASSKEY if by_passkey else WRONG_CODE)
        self.enter(factor)
        return HttpResponseRedirect(self._next())

    def _code(self) -> Authenticator | None:
        name = lockout.name_of(self.clerk, Way.SECOND_FACTOR)
        taken = lockout.take(name, now=clock.now())
        code = "".join(self.request.POST.get("code", "").split())
        factor = second_factor.judge(self.clerk, code) if taken is not Try.REFUSED else None
        if factor is not None:
            lockout.forget(name)
        elif taken is Try.TAKEN_AND_LOCKED:
            tell_of_rest(self.clerk, Way.SECOND_FACTOR)
        return factor

    def _passkey(self) -> Authenticator | None:
        shown = own_passkey(self.request, self.clerk)
        return shown if shown and second_factor.known(self.clerk, [shown.pk]) else None

    def _page(self, error: str = "") -> HttpResponse:
        types = {factor.type for factor in second_factor.factors_of(self.clerk)}
        shown: dict[str, Any] = {"error": error, "next": self._next(), "has_app": Authenticator.Type.TOTP in types}
        shown["has_codes"] = second_factor.recovery_codes_left(self.clerk) > 0
        shown["has_passkey"] = Authenticator.Type.WEBAUTHN in types
        return render(self.request, "mfa/second_factor.html", shown)

    def _next(self) -> str:
        """Also the page where factors are changed, which is not of the office."""
        wanted = self.request.POST.get("next") or self.request.GET.get("next") or ""
        return wanted if wanted == reverse("second_factors") else office.next_page(self.request)


class ChangesFactors(StaffPage):
    """Whoever has a factor shows it first; whoever has none, signed in just now. An open office alone is not enough:
    it may be somebody else's chair."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        has_factor = isinstance(user, User) and second_factor.factors_of(user).exists()
        if has_factor and office.standing(request) is not Standing.STRANGER and not office.is_fresh(request):
            return redirect(f"{reverse('second_factor')}?{urlencode({'next': reverse('second_factors')})}")
        return super().dispatch(request, *args, **kwargs)

    def shows_codes(self, what: str) -> HttpResponse:
        """New recovery codes, in this answer and never again."""
        shown = {"codes": second_factor.new_recovery_codes(self.clerk), "what": what}
        return render(self.request, "mfa/recovery_codes.html", shown)

    def added(self, factor: Authenticator, what: str) -> HttpResponse:
        self.enter(factor)
        if not second_factor.has_recovery_codes(self.clerk):
            return self.shows_codes(what)
        messages.success(self.request, what)
        return redirect("second_factors")


class NewFactor(ChangesFactors):
    """An authenticator app or a passkey, whichever one likes."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(second_factor.new_secret())

    def post(self, request: HttpRequest) -> HttpResponse:
        if refusal := limited(request, "second factor", str(self.clerk.pk)):
            return refusal
        return self._add_passkey() if "credential" in request.POST else self._add_app()

    def _add_app(self) -> HttpResponse:
        secret = self._pending()
        factor = second_factor.add_app(self.clerk, secret, self.request.POST.get("code", "")) if secret else None
        if factor is None:
            return self._page(secret or second_factor.new_secret(), WRONG_CODE)
        self.request.session.pop(PENDING_SECRET, None)
        return self.added(factor, "Your authenticator app is set up.")

    def _add_passkey(self) -> HttpResponse:
        factor = own_passkey(self.request, self.clerk) if "own" in self.request.POST else self._made_passkey()
        if factor is None:
            return self._page(second_factor.new_secret(), WRONG_PASSKEY)
        second_factor.admit(factor)
        return self.added(factor, "Your passkey opens the back office.")

    def _made_passkey(self) -> Authenticator | None:
        try:
            return passkeys.add(self.clerk, name="Back office", sent=self.request.POST["credential"])
        except PasskeyRefused:
            return None

    def _pending(self) -> str:
        kept = self.request.session.get(PENDING_SECRET, "")
        try:
            return second_factor.unsealed(kept) if kept else ""
        except DecryptionFailed:  # its key is no longer in the ring
            return ""

    def _page(self, secret: str, error: str = "") -> HttpResponse:
        self.request.session[PENDING_SECRET] = second_factor.sealed(secret)
        address = second_factor.address_for_apps(self.clerk, secret)
        shown: dict[str, Any] = {"error": error, "secret": secret, "qr_code": second_factor.qr_code(address)}
        shown["has_app"] = second_factor.factors_of(self.clerk).filter(type=Authenticator.Type.TOTP).exists()
        # A passkey of the pages of travelers is taken over, rather than a second one made on the same device.
        shown |= {"passkeys_possible": passkeys.possible(), "owns": second_factor.passkeys_elsewhere(self.clerk)}
        return render(self.request, "mfa/new_factor.html", shown)


class Factors(ChangesFactors):
    """What this person has: remove one, or make new recovery codes."""

    def get(self, request: HttpRequest) -> HttpResponse:
        shown = {"factors": second_factor.factors_of(self.clerk)}
        return render(
            request, "mfa/factors.html", shown | {"codes_left": second_factor.recovery_codes_left(self.clerk)}
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        if not second_factor.factors_of(self.clerk).exists():
            return redirect("second_factor_new")
        if "remove" not in request.POST:
            notices.second_factor_changed(self.clerk, what="New recovery codes were made")
            return self.shows_codes("The codes you had before work no longer.")
        if not second_factor.remove(self.clerk, request.POST["remove"]):
            messages.error(request, "Add another one first: the back office needs one.")
        return redirect("second_factors")


def own_passkey(request: HttpRequest, clerk: User) -> Authenticator | None:
    """The passkey of this person that signed the challenge in the session; None if none did."""
    try:
        passkey = passkeys.owned(request.POST["credential"], request.session)
    except PasskeyRefused:
        return None
    return passkey if passkey.user_id == clerk.pk else None
