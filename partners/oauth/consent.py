"""The consent page: who asks, for what, where the answer goes, and what the traveler says."""

# The library is untyped.
# mypy: allow-untyped-calls

import json
import re
from copy import copy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.forms import AllowForm
from oauth2_provider.oauth2_backends import _add_iss_to_redirect
from oauth2_provider.views.base import AuthorizationView
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidRequestFatalError

from movmo.accounts import limits
from movmo.accounts.pages import Page
from movmo.accounts.sign_in.confirming import is_recent
from movmo.operations.scopes import BASELINE, SPENDS_MONEY
from partners.oauth import appearance, client_document, connections
from partners.oauth.endpoint import AtOrigin, fault
from partners.oauth.fetcher import DocumentError
from partners.oauth.models import Application
from partners.oauth.validator import are_ours, unknown_resource

LONGEST_NONCE = 255
S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636, section 4.2: 32 bytes in base64url
FROM_THE_REQUEST = ("client_id", "redirect_uri", "response_type", "state", "nonce", "claims", "code_challenge")

NOT_TICKABLE = frozenset({BASELINE, "openid"})  # without the first no call works, the second is the sign-in itself


@dataclass(frozen=True, slots=True)
class Line:
    """One scope on the page."""

    scope: str
    words: str
    is_earlier: bool

    @property
    def is_fixed(self) -> bool:
        return self.scope in NOT_TICKABLE

    @property
    def spends_money(self) -> bool:
        return self.scope in SPENDS_MONEY

    @property
    def is_ticked(self) -> bool:
        """Before the traveler has done anything: to spend their money is never settled for them."""
        return self.is_earlier or not self.spends_money


class Ticks(forms.Field):
    """The scopes that came with the form, one value each or several with spaces between."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> str:
        return " ".join(value or ())


class ConsentForm(AllowForm):
    scope = Ticks(required=False)  # type: ignore[assignment]


class Authorize(Page, AtOrigin, AuthorizationView):
    """Who asks, for what, and where the answer goes; then approve or decline."""

    template_name = "oauth/authorize.html"
    form_class = ConsentForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # A client must not be able to skip the page with ?approval_prompt=auto.
        parameters = request.GET.copy()
        parameters["approval_prompt"] = "force"
        request.GET = parameters  # type: ignore[assignment]
        try:  # only here, where somebody has signed in: to fetch for anybody is to be a stranger's tool
            client_document.meet(request.GET.get("client_id", ""), network=limits.network_of(request))
        except DocumentError as failure:
            reason = f"The document that introduces this application cannot be used: {failure}."
            refused: HttpResponse = self.error_response(cannot_continue(reason), application=None)
            return refused
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def handle_prompt_login(self) -> HttpResponse:
        # The page of signing in sends whoever is signed in straight back. So who did not sign in just now shows anew
        # who they are. The library's own redirect also loses all but one of several resources.
        query = self.request.GET.copy()
        del query["prompt"]
        onward = f"{self.request.path}?{query.urlencode()}"
        if is_recent(self.request):
            return HttpResponseRedirect(onward)
        return redirect_to_login(onward, reverse("account_confirm"))

    def validate_authorization_request(self, request: HttpRequest) -> Any:
        """Refuse before the traveler is asked what the library would only notice afterwards."""
        if reason := fault(request.GET):
            raise cannot_continue(reason)
        scopes, credentials = super().validate_authorization_request(request)
        state, target = credentials.get("state"), credentials["redirect_uri"]
        if credentials.get("code_challenge_method") != "S256":
            error = InvalidRequestError(description="PKCE needs code_challenge_method S256.", state=state)
            raise OAuthToolkitError(error=error, redirect_uri=target)
        if not S256_CHALLENGE.fullmatch(credentials.get("code_challenge") or ""):
            error = InvalidRequestError(description="An S256 code_challenge has 43 characters.", state=state)
            raise OAuthToolkitError(error=error, redirect_uri=target)
        if len(request.GET.get("nonce", "")) > LONGEST_NONCE:
            error = InvalidRequestError(description=f"nonce has at most {LONGEST_NONCE} characters.", state=state)
            raise OAuthToolkitError(error=error, redirect_uri=target)
        if not are_ours(request.GET.getlist("resource")):
            raise OAuthToolkitError(error=unknown_resource(state=state), redirect_uri=target)
        return scopes, credentials

    def form_valid(self, form: Any) -> HttpResponse:
        """Grant what the page showed: its form is an answer to the request in the address, not another request."""
        asked = copy(self.request)
        asked.method, asked.POST = "GET", QueryDict()
        answer = form.cleaned_data
        try:
            scopes, credentials = self.validate_authorization_request(asked)
            if not _is_answer_to(asked, scopes, credentials, answer):
                raise cannot_continue("The form is not the one that was shown.")
        except OAuthToolkitError as error:
            refused: HttpResponse = self.error_response(error, application=None)
            return refused
        if answer["allow"]:
            self._take_ticks(answer, scopes)
        response: HttpResponse = super().form_valid(form)
        return response

    def _take_ticks(self, answer: dict[str, Any], shown: list[str]) -> None:
        """Grant what is ticked, in the order asked, and take back what was granted earlier and is unticked now."""
        ticked = NOT_TICKABLE | set(answer["scope"].split())
        granted = [scope for scope in dict.fromkeys(shown) if scope in ticked]
        application = Application.objects.get(client_id=answer["client_id"])
        user: Any = self.request.user
        connections.withdraw(user=user, application=application, scopes=set(shown) - ticked)
        answer["scope"], answer["allow"] = " ".join(granted), bool(granted)  # nothing ticked is a no

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.error_response(cannot_continue("The form is incomplete."), application=None)
        return response

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        # RFC 9207 wants `iss` on errors as well.
        response: HttpResponse = super().redirect(_add_iss_to_redirect(redirect_to, settings.ORIGIN), application)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | self._shown(context["application"], context["scopes"], context["redirect_uri"])

    def _shown(self, application: Application, scopes: list[str], target: str) -> dict[str, Any]:
        user: Any = self.request.user
        every, earlier = settings.OAUTH2_PROVIDER["SCOPES"], connections.granted_to(user, application)
        return {
            "name": appearance.name_of(application),
            "home": appearance.home_of(application, target),
            "destination": appearance.host_of(target),
            "is_loopback": appearance.is_loopback(target),
            "lines": sorted(
                (Line(scope, words, scope in earlier) for scope, words in every.items() if scope in scopes),
                key=lambda line: (not line.is_fixed, line.spends_money),
            ),
            "days": settings.OAUTH2_PROVIDER["REFRESH_TOKEN_EXPIRE_SECONDS"] // (24 * 60 * 60),
        }


def cannot_continue(reason: str) -> FatalClientError:
    """For a page: nothing goes back to an address that may not be the client's."""
    return FatalClientError(error=InvalidRequestFatalError(description=reason))


def _is_answer_to(asked: HttpRequest, scopes: list[str], credentials: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether the posted fields are those the page was made with, and the scopes no more than it named."""
    shown = credentials | {"claims": json.dumps(credentials["claims"]) if "claims" in credentials else ""}
    same = all(answer[name] == str(shown.get(name) or "").strip() for name in FROM_THE_REQUEST)
    same &= bool(answer["code_challenge_method"] == "S256")
    resources = set(answer["resource"].split()) == set(asked.GET.getlist("resource"))
    return same and resources and set(answer["scope"].split()) <= set(scopes)
