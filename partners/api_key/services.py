"""Issue and revoke API keys."""

from datetime import datetime

from partners.api_key import secret
from partners.api_key.models import ApiKey
from partners.partner.models import Partner


def issue(*, partner: Partner, name: str, live: bool = True, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """A new key and its text. The text exists here and nowhere else: show it once."""
    raw = secret.generate(live=live)
    key = ApiKey.objects.create(
        partner=partner,
        name=name,
        digest=secret.digest(raw),
        hint=secret.hint(raw),
        is_live=live,
        expires_at=expires_at,
    )
    return key, raw


def revoke(key: ApiKey, *, now: datetime) -> None:
    """Dead from the next call on. The first revocation's time stays."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    key.refresh_from_db(fields=["revoked_at"])
