"""GET /passkey: a challenge, for the frame's script. POST /passkey: the answer to it, by which its owner is known."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from checkout_widget import words
from checkout_widget.frame import signing_in, standing
from checkout_widget.frame.proving import SignInView, later, typed_into
from checkout_widget.session import services, steps
from checkout_widget.session.refusals import CheckoutNotOpen
from checkout_widget.session.states import CheckoutState as State
from movmo.accounts.passkey import services as passkeys
from movmo.accounts.passkey.services import PasskeyRefused
from movmo.accounts.sign_in import refusals
from movmo.accounts.sign_in.forms import EmailForm
from movmo.kit import clock


class Passkey(SignInView):
    """One answer for whatever is wrong: who has an account, or a closed one, is nobody's to try out."""

    def get(self, request: HttpRequest, **_path: Any) -> HttpResponse:
        state = steps.state_of(self.session, now=clock.now())
        if state is not State.OPEN:
            raise CheckoutNotOpen(status=str(state))
        if seconds := refusals.wait_for_passkey(request):
            return self._later(seconds)
        kept = signing_in.kept_of(self.session)
        options = passkeys.request_options(kept)
        signing_in.keep(self.session, kept)
        return JsonResponse(options)

    def asked_by(self, request: HttpRequest) -> HttpResponse:
        if seconds := refusals.wait_for_passkey(request):
            return self._later(seconds)
        kept = signing_in.kept_of(self.session)
        try:
            passkey = passkeys.owned(request.POST.get("credential", ""), kept, ancestor=self.session.origin)
            if not passkey.user.is_active:
                return self._refused()
            with passkeys.using(passkey):
                passkey.record_usage()
        except PasskeyRefused:
            return self._refused()
        services.arrive(self.session, passkey.user_id, now=clock.now())
        return standing.shown(self)

    def _refused(self) -> HttpResponse:
        self.session.refresh_from_db()
        if steps.state_of(self.session, now=clock.now()) is not State.OPEN:  # a button pressed twice
            return standing.shown(self)
        refused = _("That passkey was not accepted. Try again, or take a code by e-mail.")
        return signing_in.email_form(self, typed=self._typed(), notice=refused, status=422)

    def _later(self, seconds: int) -> HttpResponse:
        too_often = words.of_code("rate_limited")
        return later(signing_in.email_form(self, typed=self._typed(), notice=too_often, status=429), seconds)

    def _typed(self) -> str | None:
        """What stands in the field beside it."""
        return typed_into(EmailForm(self.request.POST)) or None
