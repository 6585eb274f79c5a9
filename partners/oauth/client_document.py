"""Clients that introduce themselves by a document: the client id is the https address where it is published.

draft-ietf-oauth-client-id-metadata-document. The library has this too, and fetches from any endpoint for anybody, so
it is off there (CIMD_ENABLED). Here a document is fetched in one place, when a signed-in traveler is at the consent
page; every other endpoint knows what was fetched before, or no such client.
"""

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as Malformed

from movmo.accounts import limits
from movmo.kit import clock
from partners.oauth.fetcher import Crowded, Document, Fetcher, Refused, Unreachable
from partners.oauth.models import Application

BACKOFF = 60
"""Seconds in which a document that failed is not asked for again."""
STALE = timedelta(days=1)
"""How long the last good document stands in for one that cannot be fetched: an outage is no reason to lock out."""

_fetcher = Fetcher()


def install(fetcher: Fetcher) -> Fetcher:
    """Fetch by this one from now on. Returns the one before."""
    global _fetcher
    before, _fetcher = _fetcher, fetcher
    return before


class _Metadata(BaseModel):
    """What a document says, as far as it matters here. Grants that are not offered here are other servers' business."""

    model_config = ConfigDict(strict=True)

    client_id: str
    client_name: str = Field(default="", max_length=255)
    redirect_uris: list[str] = Field(min_length=1)
    grant_types: list[str] = ["authorization_code"]
    response_types: list[str] = ["code"]
    token_endpoint_auth_method: Literal["none"] = "none"  # noqa: S105 the name of a method


def meet(client_id: str, *, network: str) -> None:
    """Know the client that a document introduces, as it is now. An id that is no address is left alone.

    For a signed-in traveler only. Raises DocumentError, whose text says what is wrong with the document.
    """
    if not settings.MOVMO_CLIENT_DOCUMENTS or not client_id.lower().startswith("https://") or "\0" in client_id:
        return
    now = clock.now()
    known: Application | None = Application.objects.filter(client_id=client_id).first()
    if known and not _is_due(known, now):
        return
    try:
        _renew(known, client_id, network, now)
    except (Unreachable, Crowded):
        if known is None or known.cimd_expires_at is None or now > known.cimd_expires_at + STALE:
            raise


def _is_due(known: Application, now: datetime) -> bool:
    """A client that somebody at Movmo registered under such an id is not overwritten by what a host says."""
    is_ours = known.registration_source == Application.RegistrationSource.CIMD and known.disabled_at is None
    return is_ours and (known.cimd_expires_at is None or known.cimd_expires_at <= now)


def _renew(known: Application | None, client_id: str, network: str, now: datetime) -> None:
    failed_before = "client-document:" + hashlib.sha256(client_id.encode()).hexdigest()
    if failure := cache.get(failed_before):
        raise {"refused": Refused, "unreachable": Unreachable}[failure[0]](failure[1])
    if known is None:
        _take_place(network)
    try:
        _keep(known, client_id, _fetcher.fetch(client_id), now)
    except Unreachable as failure:
        cache.set(failed_before, ("unreachable", str(failure)), BACKOFF)
        raise
    except Refused as failure:
        cache.set(failed_before, ("refused", str(failure)), BACKOFF)
        raise


def _take_place(network: str) -> None:
    """New clients of one network are limited, by whichever way they register."""
    if seconds := limits.wait("registration", network, an_hour=settings.MOVMO_REGISTRATIONS_PER_HOUR):
        raise Crowded(f"too many new applications came from this network; try again in {seconds} seconds")


def _keep(known: Application | None, client_id: str, document: Document, now: datetime) -> None:
    metadata = _checked(document.content, client_id)
    client = known or Application(
        client_id=client_id,
        client_type=Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        registration_source=Application.RegistrationSource.CIMD,
    )
    client.name, client.redirect_uris = metadata.client_name, " ".join(metadata.redirect_uris)
    client.cimd_expires_at = now + document.lifetime
    try:
        client.full_clean(exclude=["client_secret"], validate_unique=False)
    except ValidationError as failure:
        raise Refused("; ".join(failure.messages)) from None
    if known:
        # Only what a document says: fetching it took a while, in which staff may have disabled or narrowed the client.
        row = Application.objects.filter(pk=known.pk)
        row.update(
            name=client.name, redirect_uris=client.redirect_uris, cimd_expires_at=client.cimd_expires_at, updated=now
        )
        return
    with suppress(IntegrityError), transaction.atomic():  # of two that meet it at once, one saves
        client.save()


def _checked(content: dict[str, Any], client_id: str) -> _Metadata:
    if secrets := {"client_secret", "client_secret_expires_at"} & content.keys():
        raise Refused(f"{min(secrets)} has no place in a public document")
    try:
        metadata = _Metadata.model_validate(content)
    except Malformed as failure:
        first = failure.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refused(f"{place}: {first['msg']}") from None
    if metadata.client_id != client_id:
        raise Refused("its client_id is not the address that it was fetched from")
    if "authorization_code" not in metadata.grant_types or "code" not in metadata.response_types:
        raise Refused("its grant_types and response_types must include authorization_code and code")
    return metadata
