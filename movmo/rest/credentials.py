"""The credential step, in DRF's terms: key and token in, a Caller in `request.auth`."""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from movmo.operations.context import Caller, Door
from movmo.operations.credentials import Credentials, bearer_of, refuse_in_url
from movmo.rest import request_ids


class KeyAndBearer(BaseAuthentication):
    """`x-api-key` names the partner, `Authorization: Bearer` the traveler. The operation decides which it needs."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller]:
        """Raises DomainError. The Caller is all there is: no Django user stands behind a call of this door."""
        meta = request._request.META
        refuse_in_url(meta.get("QUERY_STRING", ""))
        caller = self._credentials.authenticate(
            door=Door.REST,
            api_key=meta.get("HTTP_X_API_KEY"),
            bearer=bearer_of(meta.get("HTTP_AUTHORIZATION")),
            request_id=request_ids.of(request._request),
        )
        return AnonymousUser(), caller
