"""The endpoints that clients call: django-oauth-toolkit's views, each with what it lacks."""

# The library is untyped.
# mypy: allow-untyped-calls

import hashlib
import json
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_backends import get_oauthlib_core
from oauth2_provider.utils import parse_bearer_token
from oauth2_provider.views.base import RevokeTokenView, TokenView
from oauth2_provider.views.introspect import IntrospectTokenView
from oauth2_provider.views.oidc import UserInfoView
from oauthlib.common import Request as OAuthRequest

from partners.oauth import connections
from partners.oauth.endpoint import AtOrigin, alone, as_json, fault, refusal
from partners.oauth.models import Application

GRANTS = ("authorization_code", "refresh_token")


def challenged(response: HttpResponse) -> HttpResponse:
    """RFC 6749, section 5.2: a 401 names the scheme that clients authenticate by. oauthlib names another."""
    if response.status_code == 401:
        response["WWW-Authenticate"] = 'Basic realm="Movmo"'
    return as_json(response)


class Token(AtOrigin, TokenView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if reason := fault(request.POST):
            return refusal("invalid_request", reason)
        if request.POST.get("grant_type") not in GRANTS:
            return refusal("unsupported_grant_type", "Only authorization_code and refresh_token are offered.")
        return challenged(alone(partial(super().post, request, *args, **kwargs)))


class Revoke(AtOrigin, RevokeTokenView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if reason := fault(request.POST):
            return refusal("invalid_request", reason)
        return challenged(alone(partial(super().post, request, *args, **kwargs)))


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
        if reason := fault(request.POST):
            return refusal("invalid_request", reason)
        client = _confidential_client(request)
        if client is None:
            return challenged(refusal("invalid_client", "Introspection needs a client with a secret.", status=401))
        token = request.POST.get("token", "")
        own = AccessToken.objects.filter(
            token_checksum=hashlib.sha256(token.encode()).hexdigest(), application=client, user__is_active=True
        )
        row = own.first()
        scopes = connections.scopes_of(row) if row else None
        if scopes is None:
            return as_json(JsonResponse({"active": False}))
        answer = json.loads(IntrospectTokenView.get_token_response(token).content)
        if answer["active"]:
            answer["scope"] = " ".join(scopes)  # what it was issued with may have been narrowed since
        return as_json(JsonResponse(answer))


def _confidential_client(request: HttpRequest) -> Application | None:
    core = get_oauthlib_core()
    oauth_request: Any = OAuthRequest(*core._extract_params(request))
    # The caller names the grant type, and for "device_code" the library waves public clients through.
    oauth_request.grant_type = "introspection"
    if not core.server.request_validator.authenticate_client(oauth_request):
        return None
    client: Application = oauth_request.client
    return client if client.client_type == Application.CLIENT_CONFIDENTIAL else None
