"""OAuth clients and what was granted to them. django-oauth-toolkit registers these classes: settings name them."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from partners.oauth.models import Application


class ApplicationAdmin(ModelAdmin):
    list_display = ("name", "client_id", "partner", "client_type", "registration_source", "disabled_at")
    list_filter = ("registration_source", "client_type", "partner")
    search_fields = ("name", "client_id", "redirect_uris")
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

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {
            "client_type": Application.CLIENT_PUBLIC,
            "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
        }


class Granted(ModelAdmin):
    """Read-only, and without anything that could be used: staff see that a grant exists, never what it is."""

    search_fields = ("user__email", "application__name")
    list_select_related = ("user", "application")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AccessTokenAdmin(Granted):
    list_display = fields = ("user", "application", "scope", "expires", "created")


class RefreshTokenAdmin(Granted):
    list_display = fields = ("user", "application", "token_family", "created", "revoked")


class GrantAdmin(Granted):
    list_display = fields = ("user", "application", "scope", "expires", "created")


class IDTokenAdmin(Granted):
    list_display = fields = ("user", "application", "scope", "expires", "created")
