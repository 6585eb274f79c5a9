"""What this server demands beyond django-oauth-toolkit. Each method mends one thing that was seen to fail."""

# The library is untyped.
# mypy: allow-untyped-calls

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin
from uuid import UUID, uuid5

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from oauth2_provider.models import Grant, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import SettingsScopes
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.utils import scope_to_list

from partners.oauth.tokens import RESOURCES

FAMILIES = UUID("0199d2ab-5c1e-7c11-9d6f-2f6f5f0c3a10")
COLLISION = timedelta(seconds=10)
"""How long after a rotation the rotated token counts as a second try of its owner: as long as a write may wait."""


def family_of(code: str) -> UUID:
    """The token family that an authorization code buys: a function of the code, so nothing extra is stored."""
    return uuid5(FAMILIES, code)


def unknown_resource(request: Any = None, state: str | None = None) -> errors.OAuth2Error:
    return errors.CustomOAuth2Error(
        error="invalid_target", description="The resource is not served here.", state=state, request=request
    )


def are_ours(resources: Iterable[str]) -> bool:
    return set(resources) <= set(RESOURCES)


def within(application: Any, scopes: Iterable[str]) -> list[str]:
    """Those of the scopes that the client is allowed; an empty list in its row allows everything there is."""
    allowed = set(application.allowed_scopes.split()) if application else set()
    return [scope for scope in scopes if not allowed or scope in allowed]


class ApplicationScopes(SettingsScopes):
    """A client may ask for what it is allowed."""

    def get_available_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> Any:
        return within(application, super().get_available_scopes(application, request))


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

    # What was asked for was checked before the page was shown.
    def _create_authorization_code(self, request: Any, code: Any, expires: Any = None) -> Grant:
        request.resource = list(RESOURCES)
        grant: Grant = super()._create_authorization_code(request, code, expires)
        return grant

    # RFC 6749, section 4.1.2: a code used twice must take back what it bought the first time. No honest client sends
    # one twice, so the losers of a parallel redemption count as replays as well.
    # Here and in `validate_refresh_token` the token view has opened the transaction: PostgreSQL locks the row. SQLite
    # has no row locks and ignores `select_for_update`; there BEGIN IMMEDIATE (env.database) is the lock.
    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        list(Grant.objects.select_for_update().filter(code=code))  # one redemption at a time
        if super().validate_code(client_id, code, client, request, *args, **kwargs):
            request.scopes = within(client, request.scopes)
            return bool(request.scopes and request.user.is_active)
        bought = family_of(code)
        if RefreshToken.objects.filter(token_family=bought, application=client).exists():
            RefreshToken.revoke_family(bought)
        return False

    def _create_refresh_token(self, request: Any, refresh_token_code: str, access_token: Any, previous: Any) -> Any:
        token = super()._create_refresh_token(request, refresh_token_code, access_token, previous)
        if previous is None and request.grant_type == "authorization_code":
            _end_contested(request.user, request.client)
            RefreshToken.objects.filter(pk=token.pk).update(token_family=family_of(request.code))
        return token

    # A refresh token that was rotated away and comes again has two holders: RFC 9700, section 4.14.2, ends its family.
    # But two requests of one client at the same moment look alike, and their client would be thrown out for nothing.
    # So within COLLISION the second gets nothing, whoever sent it, and the family lives on as contested. If the first
    # was a thief, the client that lost must ask its traveler again, and what is contested ends with that consent.
    # Refused here on both databases: with tokens hashed the library would answer from an empty column and crash.
    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        rows = RefreshToken.objects.filter(token_checksum=hashlib.sha256(refresh_token.encode()).hexdigest())
        row = rows.select_for_update().order_by(F("revoked").desc(nulls_first=True)).first()
        now = timezone.now()  # the library's clock: it wrote `revoked`
        if row and row.revoked and now < row.revoked + COLLISION:
            rows.filter(pk=row.pk).update(updated=now)
            return False
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            return False
        return bool(request.user.is_active)

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        rotated = getattr(request, "refresh_token_instance", None)
        super()._save_bearer_token(token, request, *args, **kwargs)
        if rotated:  # equal until the token comes again: see `_end_contested`
            RefreshToken.objects.filter(pk=rotated.pk).update(updated=F("revoked"))

    # What a client was allowed when the traveler consented may have been narrowed since.
    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        granted = super().get_original_scopes(refresh_token, request, *args, **kwargs)
        left = within(request.client, scope_to_list(granted) or [])
        if not left:
            raise errors.InvalidScopeError(description="This client may no longer have any of the scopes granted.")
        return left

    # OpenID Connect, section 3.1.2.1: consent is always asked, so `prompt=none` ends in `consent_required`.
    def validate_silent_login(self, request: Any) -> bool:
        return True

    def validate_silent_authorization(self, request: Any) -> bool:
        return False

    # Whether a browser on another site may read the token endpoint's answers is settings.CORS_ALLOWED_ORIGINS alone.
    def is_origin_allowed(self, client_id: str, origin: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        return False


def _end_contested(user: Any, client: Any) -> None:
    """End the families in which a rotated token came again within COLLISION: it was touched after its revocation."""
    contested = RefreshToken.objects.filter(user=user, application=client, revoked__lt=F("updated"))
    live = RefreshToken.objects.filter(revoked=None, token_family__in=contested.values("token_family"))
    for family in list(live.values_list("token_family", flat=True)):
        RefreshToken.revoke_family(family)
