"""Tokens issued without a browser: for seeding, benchmarks and tests."""

from collections.abc import Iterable

from django.db import transaction
from oauth2_provider.models import AccessToken, set_token_value

from movmo.accounts.models import User
from movmo.kit import clock
from partners.oauth import connections, tokens
from partners.oauth.models import Application


@transaction.atomic
def issue_token(*, user: User, application: Application, scopes: Iterable[str]) -> str:
    """A real access token: the rows and the signed text, as the token endpoint makes them. No letter is sent."""
    granted, now = list(scopes), clock.now()
    connections.connect(user=user, application=application, scopes=granted)
    raw = tokens.mint(user=user, application=application, scopes=granted, now=now, lifetime=tokens.LIFETIME)
    row = AccessToken(
        user=user,
        application=application,
        scope=" ".join(granted),
        expires=now + tokens.LIFETIME,
        resource=list(tokens.RESOURCES),
    )
    set_token_value(row, raw)
    row.save()
    return raw
