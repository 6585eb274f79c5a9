"""People in the back office. Travelers have no password; staff set theirs here."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from movmo.accounts.models import Device, Lockout, PendingLetter, SignInAttempts, User
from movmo.accounts.office import lockout
from movmo.operations.admin import ReadOnlyAdmin

LINK = "text-primary-600 dark:text-primary-500"

# The address is the person's own field: a second list of addresses would only disagree with it.
admin.site.unregister(EmailAddress)
admin.site.unregister(Group)
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """What staff may see who are no superusers."""

    filter_horizontal = ()  # its two lists are wider than the page


@admin.register(SignInAttempts)
class SignInAttemptsAdmin(ReadOnlyAdmin):
    """How many tries pending sign-ins have taken. Which sign-in it is stays out."""

    list_display = ("begun_at", "taken")
    fields = ("begun_at", "taken")


@admin.register(Lockout)
class LockoutAdmin(ReadOnlyAdmin):
    """Failures in a row, and who has to wait because of them."""

    list_display = ("person", "way", "failures", "last_failed_at", "locked_until")
    fields = ("person", "way", "failures", "last_failed_at", "locked_until")
    readonly_fields = ("person", "way")
    actions = ("unlock",)

    @admin.display(description="person")
    def person(self, row: Lockout) -> str:
        return str(lockout.person_of(row.account) or "nobody any more")

    @admin.display(description="what was tried")
    def way(self, row: Lockout) -> str:
        return row.account.partition(" ")[2]

    @admin.action(description="Unlock, and forget the failures", permissions=["unlock"])
    def unlock(self, request: HttpRequest, rows: QuerySet[Lockout]) -> None:
        for row in rows:
            self.log_change(request, row, f"Unlocked: {row.account}")
        count, _ = rows.delete()
        messages.success(request, f"Unlocked: {count}")

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.delete_lockout")


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Who has which second factor. What it is made of stays out."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email",)
    search_help_text = "A whole e-mail address."
    fields = ("user", "type", "created_at", "last_used_at")


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    """Where people are signed in. The key of a session opens it, so it stays out."""

    list_display = ("user", "ip", "created_at", "last_seen_at")
    search_fields = ("user__email",)
    search_help_text = "A whole e-mail address."
    fields = ("user", "ip", "user_agent", "created_at", "last_seen_at")


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """Browsers that people signed in with before: from others they get a letter."""

    list_display = ("user", "label", "first_seen_at", "last_seen_at")
    search_fields = ("user__email",)
    search_help_text = "A whole e-mail address."
    fields = ("user", "label", "first_seen_at", "last_seen_at")


@admin.register(PendingLetter)
class PendingLetterAdmin(ReadOnlyAdmin):
    """Letters about accounts that the mail server has not taken yet. What they say stays out."""

    list_display = ("created_at", "letter", "user")
    list_filter = ("letter",)
    search_fields = ("user__email",)
    search_help_text = "A whole e-mail address."
    fields = ("id", "letter", "user", "created_at")


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

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Staff are superusers' to change: whoever set a password or an address of theirs would come in as them."""
        may = super().has_change_permission(request, obj)
        is_chief = bool(getattr(request.user, "is_superuser", False))
        return may and (obj is None or is_chief or not (obj.is_staff or obj.is_superuser))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """So is who becomes staff: whoever could say so could make themselves more than they are."""
        fields = super().get_readonly_fields(request, obj)
        is_chief = bool(getattr(request.user, "is_superuser", False))
        return fields if is_chief else (*fields, "is_staff", "is_superuser", "groups")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is deleted: bookings name them. Whoever may not come in any more is made inactive."""
        return False

    @admin.display(description="sign-in")
    def sign_in(self, user: User) -> str:
        """Instead of Django's field, which shows parts of the password's hash."""
        way = "Password, or a code by e-mail" if user.has_usable_password() else "A code by e-mail; no password"
        return format_html('{} · <a class="{}" href="../password/">Set a password</a>', way, LINK)
