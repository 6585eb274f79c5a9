"""What this server demands beyond django-oauth-toolkit. Each method mends one thing that was seen to fail."""

# The library is untyped.
# mypy: allow-untyped-calls

import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin
from uuid import UUID, uuid5

from django.conf import settings
from oauth2_provider.models import Grant, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import SettingsScopes
from oauthlib.oauth2.rfc6749 import errors

from partners.oauth.tokens import RESOURCES

FAMILIES = UUID("0199d2ab-5c1e-7c11-9d6f-2f6f5f0c3a10")


def family_of(code: str) -> UUID:
    """The token family that an authorization code buys: a function of the code, so nothing extra is stored."""
    return uuid5(FAMILIES, code)


def unknown_resource(request: Any = None, state: str | None = None) -> errors.OAuth2Error:
    return errors.CustomOAuth2Error(
        error="invalid_target", description="The resource is not served here.", state=state, request=request
    )


def are_ours(resources: Iterable[str]) -> bool:
    return set(resources) <= set(RESOURCES)


class ApplicationScopes(SettingsScopes):
    """A client may ask for what it was allowed; an empty list means everything there is."""

    def get_available_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> Any:
        every = super().get_available_scopes(application, request)
        allowed = set(application.allowed_scopes.split()) if application else set()
        return [scope for scope in every if not allowed or scope in allowed]


class Validator(OAuth2Validator):
    # Every client id comes by here, from a query, a body or a Basic header. PostgreSQL takes no NUL in a text.
    def _load_application(self, client_id: Any, request: Any) -> Any:
        return None if "\0" in str(client_id) else super()._load_application(client_id, request)

    # oauthlib hands every bearer that starts with "ey" to the ID-token path once OpenID is on: our access tokens
    # would be refused and ID tokens accepted in their place.
    def validate_jwt_bearer_token(self, token: str, scopes: Any, request: Any) -> bool:
        return self.validate_bearer_token(token, scopes, request)

    def validate_bearer_token(self, token: str, scopes: Any, request: Any) -> bool:
        # The library calls its own userinfo view by a relative address, which no audience matches.
        request.uri = urljoin(settings.ORIGIN, request.uri)
        return bool(super().validate_bearer_token(token, scopes, request) and request.user.is_active)

    # RFC 8707. Stock grants whatever is asked, and a token without a resource is good anywhere. Both doors are one
    # product with one consent, so every token is for both and for nothing else.
    def _check_and_set_request_resource(self, request: Any) -> None:
        if not are_ours(value for name, value in request.decoded_body or [] if name == "resource"):
            raise unknown_resource(request)
        request.resource = list(RESOURCES)

    def _create_authorization_code(self, request: Any, code: Any, expires: Any = None) -> Grant:
        if not are_ours(getattr(request, "resource", None) or []):
            raise unknown_resource(request)
        request.resource = list(RESOURCES)
        grant: Grant = super()._create_authorization_code(request, code, expires)
        return grant

    # RFC 6749, section 4.1.2: a code used twice must take back what it bought the first time.
    # Here and in `validate_refresh_token` the token view has opened the transaction: PostgreSQL locks the row. SQLite
    # has no row locks and ignores `select_for_update`; there BEGIN IMMEDIATE (env.database) is the lock.
    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        list(Grant.objects.select_for_update().filter(code=code))  # one redemption at a time
        if super().validate_code(client_id, code, client, request, *args, **kwargs):
            return bool(request.user.is_active)
        bought = family_of(code)
        if RefreshToken.objects.filter(token_family=bought, application=client).exists():
            RefreshToken.revoke_family(bought)
        return False

    def _create_refresh_token(self, request: Any, refresh_token_code: str, access_token: Any, previous: Any) -> Any:
        token = super()._create_refresh_token(request, refresh_token_code, access_token, previous)
        if previous is None and request.grant_type == "authorization_code":
            RefreshToken.objects.filter(pk=token.pk).update(token_family=family_of(request.code))
        return token

    # With tokens hashed at rest, the loser of two simultaneous refreshes is answered from an empty column: a crash.
    # Serialized on the row (the token view opens the transaction), the loser is refused; it is no replay, so its
    # family lives.
    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        checksum = hashlib.sha256(refresh_token.encode()).hexdigest()
        rows = RefreshToken.objects.filter(token_checksum=checksum)
        was_live = rows.filter(revoked=None).exists()
        if was_live and all(row.revoked for row in rows.select_for_update()):
            return False
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            return False
        return bool(request.user.is_active)

    # OpenID Connect, section 3.1.2.1: consent is always asked, so `prompt=none` ends in `consent_required`.
    def validate_silent_login(self, request: Any) -> bool:
        return True

    def validate_silent_authorization(self, request: Any) -> bool:
        return False
