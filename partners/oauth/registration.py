"""How a client registers itself (RFC 7591, RFC 7592)."""

# The library is untyped.
# mypy: allow-untyped-calls

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from oauth2_provider.views.dynamic_client_registration import (
    DynamicClientRegistrationManagementView,
    DynamicClientRegistrationView,
)

from movmo.accounts import limits
from partners.oauth.endpoint import AtOrigin, as_json, refusal
from partners.oauth.metadata import address_of
from partners.oauth.models import Application

LARGEST_REGISTRATION = 8_192


class Register(AtOrigin, DynamicClientRegistrationView):
    """RFC 7591. What a client may not be is said in `Application.clean`."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        an_hour = settings.MOVMO_REGISTRATIONS_PER_HOUR
        if seconds := limits.wait("registration", limits.network_of(request), an_hour=an_hour):
            limited = refusal("too_many_requests", "Too many registrations from this network.", status=429)
            limited["Retry-After"] = str(seconds)
            return limited
        if refused := _too_large(request):
            return refused
        response: HttpResponse = super().post(request, *args, **kwargs)
        if response.status_code != 201:
            return as_json(response)
        return as_json(JsonResponse(_completed(json.loads(response.content)), status=201))


class Registration(AtOrigin, DynamicClientRegistrationManagementView):
    """RFC 7592: the client reads, changes or deletes its own registration."""

    def get(self, request: HttpRequest, client_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return as_json(super().get(request, client_id, *args, **kwargs))

    def put(self, request: HttpRequest, client_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return _too_large(request) or as_json(super().put(request, client_id, *args, **kwargs))


def _too_large(request: HttpRequest) -> HttpResponse | None:
    if len(request.body) <= LARGEST_REGISTRATION:
        return None
    return refusal("invalid_client_metadata", f"More than {LARGEST_REGISTRATION} bytes.")


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
