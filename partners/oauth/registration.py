"""How a client registers itself (RFC 7591, RFC 7592)."""

# The library is untyped.
# mypy: allow-untyped-calls

import json
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from oauth2_provider.views.dynamic_client_registration import (
    DynamicClientRegistrationManagementView,
    DynamicClientRegistrationView,
)

from movmo.accounts import limits
from movmo.kit.http import MalformedJson, read_json
from movmo.operations import card_numbers
from partners.oauth.endpoint import AtOrigin, alone, as_json, refusal
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
        if refused := _unreadable(request):
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
        return _unreadable(request) or alone(partial(self._change, request, client_id))

    def _change(self, request: HttpRequest, client_id: str) -> HttpResponse:
        # The library writes back every field that it read, so nobody else may change one in between: a client that
        # staff have just disabled or narrowed would be what it was before.
        if "\0" not in client_id:
            list(Application.objects.select_for_update().filter(client_id=client_id))
        response: HttpResponse = super().put(request, client_id)
        return response

    def _authenticate_registration_request(self, request: HttpRequest, client_id: str) -> Any:
        found = super()._authenticate_registration_request(request, client_id)
        if isinstance(found, HttpResponse) or found.application.is_usable(request):
            return found
        # Disabled: it neither makes itself another nor takes itself, and what it left, out of sight.
        refused = refusal("invalid_token", "This client was disabled.", status=401)
        refused["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return refused


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    """A body that the library would stumble over, told in words."""
    if len(request.body) > LARGEST_REGISTRATION:
        return refusal("invalid_client_metadata", f"More than {LARGEST_REGISTRATION} bytes.")
    try:
        metadata = read_json(request.body)
    except MalformedJson as failure:
        return refusal("invalid_client_metadata", failure.text)
    try:
        card_numbers.refuse(metadata)
    except card_numbers.CardNumberRefused as found:
        return refusal("invalid_client_metadata", found.text)
    if isinstance(metadata, dict) and not isinstance(metadata.get("client_name", ""), str):
        return refusal("invalid_client_metadata", "client_name is a text.")
    return None


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
