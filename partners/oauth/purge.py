"""What the authorization server need not keep: what ran out, and self-registered clients that nobody ever let in.

The library's `clear_expired` has the same rules for tokens; it neither counts, nor locks, nor knows about clients.
"""

# The library is untyped.
# mypy: allow-untyped-calls

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken, refresh_token_expire_timedelta
from oauth2_provider.settings import oauth2_settings

from partners.oauth.models import Application, Connection

UNUSED_AFTER = timedelta(days=30)
BATCH = 500


def purge(*, now: datetime, batch: int = BATCH) -> dict[str, int]:
    """How many rows of each kind were deleted. One short transaction for each `batch` of them."""
    return {kind: sum(_deleted(rows, batch)) for kind, rows in _outlived(now).items()}


def _outlived(now: datetime) -> dict[str, QuerySet[Any]]:
    """In this order: an access token stays as long as its refresh token, whose life is counted from it.

    A refresh token that was rotated stays as long as it could be replayed: by its row the replay is known for one.
    """
    ended = now - (refresh_token_expire_timedelta() or timedelta())
    spent, orphaned = Q(revoked__lte=ended), Q(revoked=None, access_token=None)
    return {
        "refresh tokens": RefreshToken.objects.filter(
            spent | orphaned | Q(revoked=None, access_token__expires__lte=ended)
        ),
        "access tokens": AccessToken.objects.filter(refresh_token=None, expires__lte=now),
        "ID tokens": IDToken.objects.filter(access_token=None, expires__lte=now),
        "codes": Grant.objects.filter(expires__lte=now),
        "clients": _unused_clients(now),
    }


def _unused_clients(now: datetime) -> QuerySet[Application]:
    """Registered by themselves and never let in by anybody. What staff touched stays: a client that they disabled
    would come back by registering again."""
    sources = Application.RegistrationSource
    used = [Exists(rows.filter(application=OuterRef("pk"))) for rows in _traces()]
    clients: QuerySet[Application] = Application.objects.filter(
        *(~trace for trace in used),
        registration_source__in=(sources.DCR, sources.CIMD),
        updated__lt=now - UNUSED_AFTER,
        partner=None,
        disabled_at=None,
        allowed_scopes="",
    )
    return clients


def _traces() -> list[QuerySet[Any]]:
    """What a client that is in use leaves. The token by which it manages its own registration is none."""
    tokens = AccessToken.objects.exclude(scope=oauth2_settings.DCR_REGISTRATION_SCOPE)
    return [Connection.objects.all(), tokens, RefreshToken.objects.all(), Grant.objects.all(), IDToken.objects.all()]


def _deleted(rows: QuerySet[Any], batch: int) -> Iterator[int]:
    last = None
    while True:
        page = rows.order_by("pk") if last is None else rows.order_by("pk").filter(pk__gt=last)
        found = list(page.values_list("pk", flat=True)[:batch])
        if not found:
            return
        last = found[-1]
        with transaction.atomic():
            # Lock, then look again: a token that is being issued holds its client's row, and shows once it is there.
            list(rows.model.objects.select_for_update().filter(pk__in=found).values_list("pk", flat=True))
            doomed = list(rows.filter(pk__in=found).values_list("pk", flat=True))
            rows.model.objects.filter(pk__in=doomed).delete()
        yield len(doomed)
