"""The public documents by which clients find their way: RFC 8414, OpenID Connect Discovery, RFC 9728.

One document serves both discovery addresses, and every address in it is built from settings.ORIGIN: a forged Host
header must not be able to send a client elsewhere.
"""

# The library is untyped.
# mypy: allow-untyped-calls

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from oauth2_provider.views.oidc import JwksInfoView

from movmo.operations.scopes import BASELINE
from partners.oauth.tokens import MCP_RESOURCE, REST_RESOURCE

RESOURCE_BY_PATH = {"": MCP_RESOURCE, "v1/mcp": MCP_RESOURCE, "v1": REST_RESOURCE}
CLIENT_AUTHENTICATION = ["none", "client_secret_basic", "client_secret_post"]


def address_of(name: str, *arguments: str) -> str:
    return settings.ORIGIN + reverse(f"oauth2_provider:{name}", args=arguments)


@require_safe
def authorization_server(request: HttpRequest) -> JsonResponse:
    """`issuer` is the origin, byte for byte: MCP clients compare it."""
    return _public(
        {
            "issuer": settings.ORIGIN,
            "authorization_endpoint": address_of("authorize"),
            "token_endpoint": address_of("token"),
            "revocation_endpoint": address_of("revoke-token"),
            "introspection_endpoint": address_of("introspect"),
            "registration_endpoint": address_of("dcr-register"),
            "userinfo_endpoint": address_of("user-info"),
            "jwks_uri": address_of("jwks-info"),
            "scopes_supported": list(settings.OAUTH2_PROVIDER["SCOPES"]),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
            "revocation_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": settings.MOVMO_CLIENT_DOCUMENTS,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "prompt_values_supported": ["none", "login", "consent"],
        }
    )


@require_safe
def protected_resource(request: HttpRequest, path: str = "") -> JsonResponse:
    """RFC 9728. Only the baseline scope is advertised: the rest comes by step-up, when an operation needs it."""
    if path not in RESOURCE_BY_PATH:
        raise Http404
    return _public(
        {
            "resource": RESOURCE_BY_PATH[path],
            "authorization_servers": [settings.ORIGIN],
            "scopes_supported": [BASELINE],
            "bearer_methods_supported": ["header"],
            "resource_name": "Movmo",
        }
    )


class Keys(JwksInfoView):
    """The library opens its key set to every site; who may read us from a browser is settings.CORS_ALLOWED_ORIGINS."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        response: JsonResponse = super().get(request, *args, **kwargs)
        del response["Access-Control-Allow-Origin"]
        return response


def _public(document: dict[str, Any]) -> JsonResponse:
    return JsonResponse(document, headers={"Cache-Control": "public, max-age=3600"})
