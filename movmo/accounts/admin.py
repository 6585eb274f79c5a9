"""People in the back office. Travelers have no password; staff set theirs here."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from movmo.accounts.models import SignInAttempts, User
from movmo.operations.admin import ReadOnlyAdmin

LINK = "text-primary-600 dark:text-primary-500"

# The address is the person's own field: a second list of addresses would only disagree with it.
admin.site.unregister(EmailAddress)
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """What staff may see who are no superusers."""

    filter_horizontal = ()  # its two lists are wider than the page


@admin.register(SignInAttempts)
class SignInAttemptsAdmin(ReadOnlyAdmin):
    """How many tries pending sign-ins have taken. Which sign-in it is stays out."""

    list_display = ("begun_at", "taken")
    fields = ("begun_at", "taken")


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg, misc]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    filter_horizontal = ()
    autocomplete_fields = ("groups",)
    readonly_fields = ("sign_in", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "sign_in")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (  # type: ignore[assignment]
        (None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is deleted: bookings name them. Whoever may not come in any more is made inactive."""
        return False

    @admin.display(description="sign-in")
    def sign_in(self, user: User) -> str:
        """Instead of Django's field, which shows parts of the password's hash."""
        way = "Password, or a code by e-mail" if user.has_usable_password() else "A code by e-mail; no password"
        return format_html('{} · <a class="{}" href="../password/">Set a password</a>', way, LINK)
