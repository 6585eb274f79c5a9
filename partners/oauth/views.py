"""The endpoints of the authorization server: django-oauth-toolkit's views, each with what it lacks."""

# The library is untyped.
# mypy: allow-untyped-calls

import hashlib
import json
import re
from copy import copy
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_backends import _add_iss_to_redirect, get_oauthlib_core
from oauth2_provider.utils import parse_bearer_token
from oauth2_provider.views.base import AuthorizationView, RevokeTokenView, TokenView
from oauth2_provider.views.dynamic_client_registration import (
    DynamicClientRegistrationManagementView,
    DynamicClientRegistrationView,
)
from oauth2_provider.views.introspect import IntrospectTokenView
from oauth2_provider.views.oidc import UserInfoView
from oauthlib.common import Request as OAuthRequest
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError, InvalidRequestFatalError

from movmo.accounts import limits
from movmo.accounts.pages import Page
from partners.oauth.metadata import address_of
from partners.oauth.models import LOOPBACK_HOSTS, Application
from partners.oauth.validator import are_ours, unknown_resource

LARGEST_REGISTRATION = 8_192
LONGEST_NONCE = 255
S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636, section 4.2: 32 bytes in base64url
FROM_THE_REQUEST = ("client_id", "redirect_uri", "response_type", "state", "nonce", "claims", "code_challenge")
GRANTS = ("authorization_code", "refresh_token")


class AtOrigin(View):
    """The library builds addresses and audiences from the request: give it ours, whatever the Host header said.

    In `setup`, because an overridden `dispatch` would lose the library's `csrf_exempt`.
    """

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        origin = urlsplit(settings.ORIGIN)
        request.META |= {"HTTP_HOST": origin.netloc, "wsgi.url_scheme": origin.scheme}
        super().setup(request, *args, **kwargs)


def as_json(response: HttpResponse) -> HttpResponse:
    """RFC 6749, section 5: JSON, and never cached. The library's late errors leave as text/html."""
    response["Content-Type"] = "application/json"
    response["Cache-Control"] = "no-store"
    return response


def refusal(error: str, description: str, status: int = 400) -> HttpResponse:
    return as_json(JsonResponse({"error": error, "error_description": description}, status=status))


def has_nul(parameters: QueryDict) -> bool:
    """PostgreSQL keeps no NUL in a text and fails over one, and nothing that is right here contains any."""
    return any("\0" in text for name, values in parameters.lists() for text in (name, *values))


NUL_REFUSED = "A parameter contains a NUL character."


class Authorize(Page, AtOrigin, AuthorizationView):
    """Who asks, for what, and where the answer goes; then approve or decline."""

    template_name = "oauth/authorize.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # A client must not be able to skip the page with ?approval_prompt=auto.
        parameters = request.GET.copy()
        parameters["approval_prompt"] = "force"
        request.GET = parameters  # type: ignore[assignment]
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def validate_authorization_request(self, request: HttpRequest) -> Any:
        """Refuse before the traveler is asked what the library would only notice afterwards."""
        if has_nul(request.GET):
            raise cannot_continue(NUL_REFUSED)
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
        try:
            scopes, credentials = self.validate_authorization_request(asked)
            if not _is_answer_to(asked, scopes, credentials, form.cleaned_data):
                raise cannot_continue("The form is not the one that was shown.")
        except OAuthToolkitError as error:
            refused: HttpResponse = self.error_response(error, application=None)
            return refused
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.error_response(cannot_continue("The form is incomplete."), application=None)
        return response

    def redirect(self, redirect_to: str, application: Any) -> HttpResponse:
        # RFC 9207 wants `iss` on errors as well.
        response: HttpResponse = super().redirect(_add_iss_to_redirect(redirect_to, settings.ORIGIN), application)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        # After an invalid form there is no request to describe: the template says so.
        if "application" in context:
            target = urlsplit(context["redirect_uri"])
            context["destination"] = target.hostname
            context["is_loopback"] = target.hostname in LOOPBACK_HOSTS
        return context


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


class Token(AtOrigin, TokenView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if has_nul(request.POST):
            return refusal("invalid_request", NUL_REFUSED)
        if request.POST.get("grant_type") not in GRANTS:
            return refusal("unsupported_grant_type", "Only authorization_code and refresh_token are offered.")
        with transaction.atomic():
            return as_json(super().post(request, *args, **kwargs))


class Revoke(AtOrigin, RevokeTokenView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if has_nul(request.POST):
            return refusal("invalid_request", NUL_REFUSED)
        with transaction.atomic():
            return as_json(super().post(request, *args, **kwargs))


class UserInfo(AtOrigin, UserInfoView):
    def _create_userinfo_response(self, request: HttpRequest) -> HttpResponse:
        # The library would also take it from the address, which ends up in logs and histories.
        if parse_bearer_token(request.headers.get("Authorization", "")) is None:
            refused = refusal("invalid_token", "Send the access token in the Authorization header.", status=401)
            refused["WWW-Authenticate"] = "Bearer"
            return refused
        response: HttpResponse = super()._create_userinfo_response(request)
        return response


@method_decorator(csrf_exempt, name="dispatch")
class Introspect(View):
    """RFC 7662, for confidential clients and their own tokens.

    The library's view answers any client about any token, and a public client without a secret at that.
    """

    def post(self, request: HttpRequest) -> HttpResponse:
        if has_nul(request.POST):
            return refusal("invalid_request", NUL_REFUSED)
        client = _confidential_client(request)
        if client is None:
            return refusal("invalid_client", "Introspection needs a client with a secret.", status=401)
        token = request.POST.get("token", "")
        own = AccessToken.objects.filter(
            token_checksum=hashlib.sha256(token.encode()).hexdigest(), application=client, user__is_active=True
        )
        if not own.exists():
            return as_json(JsonResponse({"active": False}))
        return as_json(IntrospectTokenView.get_token_response(token))


def _confidential_client(request: HttpRequest) -> Application | None:
    core = get_oauthlib_core()
    oauth_request: Any = OAuthRequest(*core._extract_params(request))
    # The caller names the grant type, and for "device_code" the library waves public clients through.
    oauth_request.grant_type = "introspection"
    if not core.server.request_validator.authenticate_client(oauth_request):
        return None
    client: Application = oauth_request.client
    return client if client.client_type == Application.CLIENT_CONFIDENTIAL else None


class Register(AtOrigin, DynamicClientRegistrationView):
    """RFC 7591. What a client may not be is said in `Application.clean`."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        an_hour = settings.MOVMO_REGISTRATIONS_PER_HOUR
        if seconds := limits.wait("registration", limits.network_of(request), an_hour=an_hour):
            limited = refusal("too_many_requests", "Too many registrations from this network.", status=429)
            limited["Retry-After"] = str(seconds)
            return limited
        if len(request.body) > LARGEST_REGISTRATION:
            return refusal("invalid_client_metadata", f"More than {LARGEST_REGISTRATION} bytes.")
        response: HttpResponse = super().post(request, *args, **kwargs)
        if response.status_code != 201:
            return as_json(response)
        return as_json(JsonResponse(_completed(json.loads(response.content)), status=201))


class Registration(AtOrigin, DynamicClientRegistrationManagementView):
    """RFC 7592: the client reads, changes or deletes its own registration."""


def _completed(answer: dict[str, Any]) -> dict[str, Any]:
    """The fields that section 3.2.1 asks for and the library leaves out."""
    client = Application.objects.get(client_id=answer["client_id"])
    answer |= {
        "client_id_issued_at": int(client.created.timestamp()),
        "response_types": ["code"],
        "registration_client_uri": address_of("dcr-register-management", client.client_id),
        # The scope a client registers with is its first wish, not its ceiling: step-up asks for more later.
        "scope": client.allowed_scopes or " ".join(settings.OAUTH2_PROVIDER["SCOPES"]),
    }
    return answer | {"client_secret_expires_at": 0} if "client_secret" in answer else answer
