"""The OAuth clients that a partner's own people make. Within what staff allow: see `Partner.client_scopes`."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from oauth2_provider.generators import generate_client_secret

from movmo.operations import history
from partners.oauth.models import Application
from partners.partner.holding import hold
from partners.partner.models import Partner

MOST_CLIENTS = 20
"""That work, of one partner: those that staff made count, too, and are not held to it."""


class ClientRefused(Exception):
    """A sentence for whoever asked. Nothing was changed."""


class ClientOff(ClientRefused):
    def __init__(self) -> None:
        super().__init__("This client is disabled. Make another one.")


class ClientHasNoSecret(ClientRefused):
    def __init__(self) -> None:
        super().__init__("A public client has no secret: PKCE stands in its place.")


class TooManyClients(ClientRefused):
    def __init__(self) -> None:
        super().__init__(f"There are {MOST_CLIENTS} clients already, and there may be no more. Disable one first.")


def scopes_for(partner: Partner) -> dict[str, str]:
    """What clients of the partner's own people may ask for, with what travelers are told of it."""
    every: dict[str, str] = settings.OAUTH2_PROVIDER["SCOPES"]
    allowed = partner.client_scopes.split()
    return {scope: words for scope, words in every.items() if not allowed or scope in allowed}


def create(
    *, partner: Partner, name: str, is_confidential: bool, redirect_uris: str, scopes: Iterable[str]
) -> tuple[Application, str | None]:
    """A client and the text of its secret, which is nowhere else. Raises ValidationError by field, or TooManyClients.

    The scopes that were chosen are the client's limit from the first day: never an empty one, which would be none.
    """
    wanted, offered = set(scopes), scopes_for(partner)
    if not wanted or not wanted <= set(offered):
        raise ValidationError({"allowed_scopes": "Tick at least one of the scopes of this list."})
    made = Application(
        name=name,
        partner=partner,
        client_type=Application.CLIENT_CONFIDENTIAL if is_confidential else Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="\n".join(redirect_uris.split()),
        allowed_scopes=" ".join(scope for scope in offered if scope in wanted),
    )
    made.full_clean(exclude=["client_secret"])
    secret = made.client_secret  # hashed by `save`
    with transaction.atomic():
        hold(partner.pk)  # of two who want the last place one has it
        if Application.objects.filter(partner=partner, disabled_at=None).count() >= MOST_CLIENTS:
            raise TooManyClients
        made.save(force_insert=True)
    return made, secret if is_confidential else None


def change_redirects(client: Application, redirect_uris: str) -> None:
    """These in place of those it had; a code goes to one of these from the next call on. Raises ClientOff, or
    ValidationError by field."""
    if client.disabled_at is not None:
        raise ClientOff
    client.redirect_uris = "\n".join(redirect_uris.split())
    client.full_clean(exclude=["client_secret"])
    client.save(update_fields=["redirect_uris"])


def rotate_secret(client: Application) -> str:
    """A new secret; the old one ends at once. Raises ClientOff or ClientHasNoSecret."""
    if client.disabled_at is not None:
        raise ClientOff
    if client.client_type != Application.CLIENT_CONFIDENTIAL:
        raise ClientHasNoSecret
    secret: str = generate_client_secret()  # type: ignore[no-untyped-call]
    client.client_secret = secret
    client.save(update_fields=["client_secret"])
    return secret


def disable(client: Application, *, now: datetime) -> None:
    """Neither it nor any of its tokens works from the next call on. The first time stays."""
    with transaction.atomic():
        if Application.objects.filter(pk=client.pk, disabled_at=None).update(disabled_at=now):
            history.changed(client)
    client.refresh_from_db(fields=["disabled_at"])


def enable(client: Application) -> None:
    """It works again, and so do those of its tokens that have not expired meanwhile."""
    with transaction.atomic():
        if Application.objects.filter(pk=client.pk, disabled_at__isnull=False).update(disabled_at=None):
            history.changed(client)
    client.refresh_from_db(fields=["disabled_at"])
