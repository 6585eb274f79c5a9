"""The validator's part in connections: tokens are for applications that the traveler has let in and not put out."""

# The library is untyped.
# mypy: allow-untyped-calls

import hashlib
from typing import Any

from oauth2_provider.models import Grant, RefreshToken
from oauthlib.oauth2.rfc6749.errors import InvalidScopeError

from partners.oauth import connections
from partners.oauth.validator import Validator


class ConnectedValidator(Validator):
    # Codes and refresh tokens: the connection is locked before the row itself is, so disconnecting, which does the
    # same, comes either first, and there is nothing left here, or last, and takes what was made here with it.
    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        pair = Grant.objects.filter(code=code).values_list("user_id", "application_id").first()
        if pair:
            connections.lock(*pair)
        return super().validate_code(client_id, code, client, request, *args, **kwargs)

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
        rows = RefreshToken.objects.filter(token_checksum=checksum)
        pair = rows.values_list("user_id", "application_id").first()
        request.connection = connections.lock(*pair) if pair else None
        if request.connection is None or request.connection.disconnected_at:
            return False
        return super().validate_refresh_token(refresh_token, client, request, *args, **kwargs)

    # The traveler may have taken single scopes back since.
    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        granted = set(request.connection.scopes.split())
        left = [scope for scope in super().get_original_scopes(refresh_token, request) if scope in granted]
        if not left:
            raise InvalidScopeError(description="The traveler has taken back every scope granted.")
        return left

    # The moment an application is let in is the moment it has tokens.
    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.grant_type == "authorization_code":
            connections.let_in(user=request.user, application=request.client, scopes=token["scope"].split())
        return super()._save_bearer_token(token, request, *args, **kwargs)

    def validate_bearer_token(self, token: str, scopes: Any, request: Any) -> bool:
        if not super().validate_bearer_token(token, scopes, request):
            return False
        still = connections.scopes_of(request.access_token)
        return still is not None and set(scopes or ()) <= set(still)
