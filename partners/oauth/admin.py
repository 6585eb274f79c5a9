"""OAuth clients and what was granted to them. django-oauth-toolkit registers these classes: settings name them."""

from typing import Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldBooleanSwitchWidget

from movmo.kit import clock
from movmo.operations.admin import ReadOnlyAdmin
from movmo.operations.history_page import WithHistory
from partners import shown_once
from partners.oauth import clients, connections
from partners.oauth.models import Application, Connection

apps.get_app_config("oauth2_provider").verbose_name = "OAuth"  # the library names itself


class ScopeLimits(forms.ModelForm):  # type: ignore[type-arg]
    """The scopes as ticks. A switch says whether they count: no tick at all must not turn into no limit at all."""

    is_limited = forms.BooleanField(
        label="Limit the scopes", required=False, widget=UnfoldBooleanSwitchWidget, help_text="Off: every scope."
    )
    allowed_scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{words} ({scope})") for scope, words in settings.OAUTH2_PROVIDER["SCOPES"].items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        required=False,
        help_text="The most this client may have. What you untick here stops working with the next call.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if grant := self.fields.get("authorization_grant_type"):  # the one that is offered
            grant.choices = [(Application.GRANT_AUTHORIZATION_CODE, "Authorization code")]  # type: ignore[attr-defined]
        allowed = self.instance.allowed_scopes.split()
        self.initial = {**self.initial, "is_limited": bool(allowed), "allowed_scopes": allowed}

    def clean(self) -> Any:
        cleaned = super().clean() or self.cleaned_data
        ticked = cleaned.get("allowed_scopes", [])
        if cleaned.get("is_limited") and not ticked and "allowed_scopes" not in self.errors:
            self.add_error("allowed_scopes", "Tick at least one scope. To stop the client altogether, disable it.")
        if ticked and not cleaned.get("is_limited"):
            self.add_error("is_limited", "Switch this on for the ticks to count, or take them away.")
        ordered = [scope for scope in settings.OAUTH2_PROVIDER["SCOPES"] if scope in ticked]
        return cleaned | {"allowed_scopes": " ".join(ordered)}


class ApplicationAdmin(WithHistory):
    form = ScopeLimits
    list_display = ("name", "client_id", "partner", "client_type", "registration_source", "disabled_at")
    list_filter = ("registration_source", "client_type", "partner")
    list_select_related = ("partner",)
    search_fields = ("name", "client_id", "redirect_uris")
    view_on_site = False
    fields = (
        "name",
        "partner",
        "client_type",
        "authorization_grant_type",
        "redirect_uris",
        "is_limited",
        "allowed_scopes",
        "tool_limits",
        "disabled_at",
        "client_id",
        "registration_source",
        "created",
    )
    readonly_fields = ("disabled_at", "client_id", "registration_source", "created")
    actions = ("disable", "enable")

    @admin.action(description="Disable, with every token it has", permissions=["disable"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Application]) -> None:
        for client in queryset.filter(disabled_at=None):
            clients.disable(client, now=clock.now())
            self.log_change(request, client, "Disabled.")
            messages.success(request, f"{client.name}: disabled, and so is every token it has.")

    def has_disable_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.delete_application")

    @admin.action(description="Enable again", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Application]) -> None:
        for client in queryset.filter(disabled_at__isnull=False):
            clients.enable(client)
            self.log_change(request, client, "Enabled again.")
            messages.success(request, f"{client.name}: enabled again.")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.fields[:7]
        # The switch is no column: read-only it would show neither on nor off.
        may_switch = self.has_change_permission(request, obj)
        return [name for name in self.fields if may_switch or name != "is_limited"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The secret of a client that becomes confidential later was never shown to anybody.
        return (*self.readonly_fields, "client_type") if obj else self.readonly_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "client_type": Application.CLIENT_PUBLIC,
            "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        }

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A client is disabled, not deleted: the audit trail names it."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        secret = obj.client_secret  # hashed by `save`
        super().save_model(request, obj, form, change)
        if not change and obj.client_type == Application.CLIENT_CONFIDENTIAL:
            obj.shown_once = secret

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        if secret := getattr(obj, "shown_once", None):
            return shown_once.page(self, request, obj, what="client secret", secret=secret)
        return super().response_add(request, obj, post_url_continue)


class Granted(ReadOnlyAdmin):
    """Without anything that could be used: staff see that a grant exists, never what it is."""

    search_fields = ("user__email__exact", "application__client_id__exact")
    search_help_text = "A whole e-mail address or client id."
    list_select_related = ("user", "application")


class AccessTokenAdmin(Granted):
    list_display = fields = ("user", "application", "scope", "expires", "created")


class RefreshTokenAdmin(Granted):
    list_display = fields = ("user", "application", "token_family", "created", "revoked")


class GrantAdmin(Granted):
    list_display = fields = ("user", "application", "scope", "expires", "created")


class IDTokenAdmin(Granted):
    list_display = fields = ("user", "application", "scope", "expires", "created")


@admin.register(Connection)
class ConnectionAdmin(Granted):
    """Who let which application in. Staff may put one out for a traveler who asks for it."""

    list_display = ("user", "application", "scopes", "connected_at", "last_used_at", "disconnected_at")
    fields = list_display
    actions = ("disconnect",)

    def has_disconnect_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_connection")

    @admin.action(description="Disconnect the selected applications", permissions=["disconnect"])
    def disconnect(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        ended = [
            connections.disconnect(user=each.user, application=each.application)
            for each in queryset.select_related("user", "application")
        ]
        messages.success(request, f"{sum(ended)} disconnected: none of their tokens works any more.")
