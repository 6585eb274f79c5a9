"""The page of connected apps: who may act for the traveler, and the button that ends it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.formats import date_format
from django.views.generic import TemplateView, View

from movmo.accounts.pages import Page
from movmo.kit import clock
from movmo.operations.scopes import SPENDS_MONEY
from partners.approval import allowances
from partners.approval.allowances import Allowance
from partners.oauth import appearance, connections
from partners.oauth.models import Application, Connection


@dataclass(frozen=True, slots=True)
class App:
    """One entry of the page."""

    id: UUID
    name: str
    home: str
    is_verified: bool
    is_off: bool
    may: list[str]
    connected_at: datetime
    last_used_at: datetime | None
    allowances: list[Allowance]

    @property
    def last_acted(self) -> str:
        return ago(self.last_used_at, clock.now()) if self.last_used_at else ""


class ConnectedApps(LoginRequiredMixin, Page, TemplateView):
    template_name = "oauth/connections.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        allowed = allowances.by_client(user.pk, now=clock.now())
        apps = [_described(each, allowed.get(each.application.client_id, [])) for each in connections.live(user)]
        return super().get_context_data(apps=apps, **kwargs)


class Disconnect(LoginRequiredMixin, Page, View):
    """One of the traveler's own connections; another's is as absent as one that never was."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, connection_id: UUID) -> HttpResponse:
        user: Any = request.user
        mine = Connection.objects.select_related("application").filter(user=user)
        connection = get_object_or_404(mine, pk=connection_id)
        connections.disconnect(user=user, application=connection.application)
        messages.success(request, f"{appearance.name_of(connection.application)} can no longer act for you.")
        return redirect("oauth2_provider:connections")


def ago(at: datetime, now: datetime) -> str:
    """In words a person uses: minutes, then hours, then the day (UTC). Uses are noted once a minute, no finer."""
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return "a minute ago" if minutes == 1 else f"{minutes} minutes ago"
    if minutes < 24 * 60:
        return "an hour ago" if minutes < 120 else f"{minutes // 60} hours ago"
    return date_format(at, "j F Y")


def _described(connection: Connection, allowed: list[Allowance]) -> App:
    application = connection.application
    scopes = connections.in_force(connection.scopes, connection.scopes, application.allowed_scopes)
    return App(
        id=connection.pk,
        name=appearance.name_of(application),
        home=appearance.home_of(application),
        is_verified=application.is_verified,
        is_off=not application.is_usable(None),
        may=[
            *appearance.in_words(scopes - SPENDS_MONEY),
            *(f"{words}: {_how(application, allowed)}" for words in appearance.in_words(scopes & SPENDS_MONEY)),
        ],
        connected_at=connection.connected_at,
        last_used_at=connection.last_used_at,
        allowances=allowed,
    )


def _how(application: Application, allowed: list[Allowance]) -> str:
    """A partner's own back end asks nobody here: its people decide before it calls."""
    if application.partner is not None:
        return "does it at once"
    return "asks you each time, but for what you allow below" if allowed else "asks you each time"
