"""POST /email and POST /code."""

from abc import ABC, abstractmethod
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from checkout_widget import words
from checkout_widget.frame import signing_in, standing
from checkout_widget.frame.access import FrameView
from checkout_widget.session import steps
from checkout_widget.session.states import CheckoutState as State
from movmo.accounts.sign_in import codes, refusals
from movmo.accounts.sign_in.codes import LetterNotSent, Pending, Purpose, Verdict
from movmo.accounts.sign_in.forms import CodeForm, EmailForm
from movmo.kit import clock
from movmo.kit.errors import InvalidArguments
from movmo.operations.card_numbers import CardNumberRefused


def not_sent() -> str:
    return _("We could not send the letter. Nothing is wrong with your address; try again in a minute.")


def complaint(form: EmailForm) -> str:
    """In the traveler's language: the form's own are in the house's English."""
    code = form.errors.as_data()["email"][0].code
    if code == CardNumberRefused.code:
        return words.of_fields(CardNumberRefused("/email"))["email"]
    if code is None:
        return _("Write the address in ASCII: an international domain as xn--…, none as a number.")
    return words.of_fields(InvalidArguments({"/email": ""}))["email"]


def typed_into(form: EmailForm) -> str:
    """For the field to keep. A card number is not: the form forgets it once it has judged."""
    form.is_valid()
    return str(form["email"].value() or "")[:254]


def wait(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return _("Too many codes were asked for. Wait %(minutes)s minutes, then try again.") % {"minutes": minutes}


class SignInView(FrameView, ABC):
    """Whoever has shown already who they are is shown what comes next."""

    def post(self, request: HttpRequest, **path: Any) -> HttpResponse:
        if steps.state_of(self.session, now=clock.now()) is not State.OPEN:
            return standing.shown(self)
        return self.asked_by(request)

    @abstractmethod
    def asked_by(self, request: HttpRequest) -> HttpResponse:
        """What the form does while nobody has shown who they are."""


class Email(SignInView):
    """One answer for every address, whoever has an account."""

    def get(self, request: HttpRequest, **_path: Any) -> HttpResponse:
        """For another address than the one that a code went to."""
        if steps.state_of(self.session, now=clock.now()) is not State.OPEN:
            return standing.shown(self)
        pending = signing_in.pending_of(self.session)
        return signing_in.email_form(self, typed=pending.email if pending else None)

    def asked_by(self, request: HttpRequest) -> HttpResponse:
        form = EmailForm(request.POST)
        if not form.is_valid():
            typed = typed_into(form)
            return signing_in.email_form(self, typed=typed, problem=complaint(form), status=422)
        email, typed = form.cleaned_data["email"], request.POST["email"]
        if seconds := refusals.wait_for_code(request, email):
            return later(signing_in.email_form(self, typed=typed, notice=wait(seconds), status=429), seconds)
        kept = signing_in.kept_of(self.session)
        try:
            codes.send(kept, Purpose.SIGN_IN, email=email)
        except LetterNotSent:
            return signing_in.email_form(self, typed=typed, notice=not_sent(), status=503)
        signing_in.keep(self.session, kept)
        return signing_in.asked(self)


class Code(SignInView):
    def asked_by(self, request: HttpRequest) -> HttpResponse:
        pending = signing_in.pending_of(self.session)
        if pending is None:
            return self._ended()
        if request.POST.get("action") == "resend":
            return self._resend(pending)
        form = CodeForm(request.POST)
        if not form.is_valid():
            return signing_in.code_form(self, pending, problem=_("Type the six digits of the letter."), status=422)
        signing_in.take_try(self.session)
        kept = signing_in.kept_of(self.session)
        verdict = codes.judge(kept, Purpose.SIGN_IN, pending, form.cleaned_data["code"])
        if verdict is Verdict.RIGHT:
            return self._proven(pending, kept)
        if verdict is Verdict.WRONG:
            wrong = _("This code is incorrect. Take the one in the newest letter.")
            return signing_in.code_form(self, pending, problem=wrong, status=422)
        if verdict is Verdict.ENDED:
            signing_in.keep(self.session, kept)
            return self._ended()
        self.session.refresh_from_db()
        return standing.shown(self)

    def _proven(self, pending: Pending, kept: codes.Kept) -> HttpResponse:
        if not signing_in.arrive(self.session, pending.email, kept):
            return self._ended()
        return standing.shown(self)

    def _ended(self) -> HttpResponse:
        ended = _(
            "That code works no longer: it was tried three times, or it is older than ten minutes. Ask for a new one."
        )
        return signing_in.email_form(self, notice=ended, status=422)

    def _resend(self, pending: Pending) -> HttpResponse:
        if seconds := refusals.wait_for_code(self.request, pending.email):
            return later(signing_in.code_form(self, pending, notice=wait(seconds), status=429), seconds)
        kept = signing_in.kept_of(self.session)
        try:
            if not codes.send_again(kept, Purpose.SIGN_IN, pending):
                enough = _("We sent three letters already. Look for them in your spam folder.")
                return signing_in.code_form(self, pending, notice=enough, status=429)
        except LetterNotSent:
            return signing_in.code_form(self, pending, notice=not_sent(), status=503)
        signing_in.keep(self.session, kept)
        sent = _("We sent another code. The one before works no longer.")
        return signing_in.code_form(self, pending, notice=sent)


def later(page: HttpResponse, seconds: int) -> HttpResponse:
    page["Retry-After"] = str(seconds)
    return page
