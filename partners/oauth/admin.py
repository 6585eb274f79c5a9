"""OAuth clients and what was granted to them. django-oauth-toolkit registers these classes: settings name them."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from movmo.operations.admin import ReadOnlyAdmin
from partners.oauth.models import Application

apps.get_app_config("oauth2_provider").verbose_name = "OAuth"  # the library names itself


class ApplicationAdmin(ModelAdmin):
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
        "allowed_scopes",
        "disabled_at",
        "client_id",
        "registration_source",
        "created",
    )
    readonly_fields = ("client_id", "registration_source", "created")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else self.fields[:6]

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
            messages.warning(request, f"Copy the client secret now, it is shown once: {secret}")


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
