"""The OAuth client. Tokens and grants stay django-oauth-toolkit's own tables."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from oauth2_provider.models import AbstractApplication, ApplicationManager

from movmo.accounts.models import User
from movmo.kit import clock
from movmo.kit.ids import new_id
from movmo.operations.catalogue import names
from movmo.operations.history import kept
from partners.partner.models import Partner

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
MOST_REDIRECT_URIS = 10
_HOST_AND_PORT = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]*)?", re.ASCII | re.IGNORECASE)


class Application(AbstractApplication):
    """A client of the authorization server: registered by hand for a partner, or by itself (RFC 7591)."""

    # The library's default is no algorithm, and then a request for `openid` dies while signing.
    algorithm = models.CharField(
        max_length=5, choices=[(AbstractApplication.RS256_ALGORITHM, "RSA with SHA-256")], default="RS256"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="applications")
    allowed_scopes = models.TextField(
        blank=True, help_text="The most this client may ever be granted, separated by spaces. Empty: every scope."
    )
    tool_limits = models.TextField(
        blank=True,
        help_text="Calls a minute that this client may make of a tool for one traveler, such as "
        "create_booking=5 search_flights=60; 0 closes a tool. Tools that are not named keep their own limits.",
    )
    disabled_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then neither the client nor any of its tokens works."
    )

    objects = ApplicationManager()
    # What a client that registered itself says of itself is no configuration of ours; what staff make of it is.
    history = kept(
        table="oauth_application_history",
        but=["client_secret", "updated", "cimd_expires_at"],
        unless=lambda application: not application.is_verified,
    )

    class Meta:
        db_table = "oauth_application"

    def is_usable(self, request: Any) -> bool:
        return self.disabled_at is None and (self.partner is None or self.partner.is_active)

    @property
    def is_verified(self) -> bool:
        """Somebody at Movmo knows who this is; a client that registered itself only says so."""
        return bool(self.registration_source == self.RegistrationSource.MANUAL)

    def clean(self) -> None:
        """Raises ValidationError for what OAuth 2.1 or RFC 8252 rules out. Self-registration runs through here."""
        if not _is_storable(self.name + self.redirect_uris):
            raise ValidationError("Names and addresses are text without NUL.")
        super().clean()
        _check_tool_limits(self.tool_limits)
        if self.authorization_grant_type != self.GRANT_AUTHORIZATION_CODE:
            raise ValidationError({"authorization_grant_type": "Only authorization_code is offered."})
        uris = self.redirect_uris.split()
        if len(uris) > MOST_REDIRECT_URIS:
            raise ValidationError({"redirect_uris": f"At most {MOST_REDIRECT_URIS} redirect URIs."})
        for uri in uris:
            self._clean_redirect_uri(uri)

    def _clean_redirect_uri(self, uri: str) -> None:
        parts = urlsplit(uri)
        # What people are shown is the host, and browsers and libraries read other letters, users and backslashes in
        # ways of their own: ß is ss to one and a domain of its own to the other.
        if not _HOST_AND_PORT.fullmatch(parts.netloc):
            problem = "A host is a name in ASCII or an address, without a user; write other letters as xn--…."
            raise ValidationError({"redirect_uris": problem})
        try:
            parts.port  # noqa: B018 reading it is the check
        except ValueError:
            raise ValidationError({"redirect_uris": "A port is a number from 0 to 65535."}) from None
        if parts.scheme != "http":
            return
        if parts.hostname not in LOOPBACK_HOSTS:
            raise ValidationError({"redirect_uris": "http is for loopback addresses only (RFC 8252, section 7.3)."})
        if self.client_type == self.CLIENT_CONFIDENTIAL:
            raise ValidationError({"redirect_uris": "A client with a secret is not on a loopback address: use https."})


class Connection(models.Model):
    """A traveler let an application in: since when, for what, until when. One row for each pair, never deleted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="connections")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="connections")
    scopes = models.TextField(help_text="What was granted last, separated by spaces.")
    connected_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="Written at most once a minute.")
    disconnected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "oauth_connection"
        constraints = [models.UniqueConstraint(fields=["user", "application"], name="one_connection_per_user_and_app")]

    def __str__(self) -> str:
        return f"{self.user} and {self.application}"


def _check_tool_limits(text: str) -> None:
    """Raises ValidationError: one that is misspelled would limit nothing."""
    for entry in text.split():
        name, _, rate = entry.partition("=")
        if name not in names() or not re.fullmatch("[0-9]{1,5}", rate):
            problem = f"{entry} is no limit: write the name of a tool, = and calls a minute, such as create_booking=5."
            raise ValidationError({"tool_limits": problem})


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL keeps it: NUL and half a surrogate pair pass through JSON, not into a text column."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
