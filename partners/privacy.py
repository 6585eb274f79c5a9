"""What this room knows of a person, and how it is forgotten: see movmo.accounts.privacy."""

from datetime import datetime
from typing import Any

from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken

from movmo.accounts.models import User
from movmo.accounts.privacy.services import Records
from partners.oauth.models import Connection


def tell(user: User) -> list[dict[str, Any]]:
    """The applications that were ever let in."""
    mine = Connection.objects.filter(user=user).select_related("application").order_by("connected_at")
    return [
        {
            "application": str(one.application),
            "scopes": one.scopes.split(),
            "connected_at": one.connected_at,
            "last_used_at": one.last_used_at,
            "disconnected_at": one.disconnected_at,
        }
        for one in mine
    ]


def erase(user: User, now: datetime) -> None:
    """No token, code or connection is left. Refresh tokens go first, as when an application is disconnected."""
    for model in (RefreshToken, AccessToken, IDToken, Grant, Connection):
        model._default_manager.filter(user=user).delete()


RECORDS = Records("applications", tell=tell, erase=erase)
