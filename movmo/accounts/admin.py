"""People in the back office. Travelers have no password; staff set theirs here."""

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminEmailInputWidget

from movmo.accounts.impersonation.admin import Impersonates
from movmo.accounts.models import Device, Lockout, PendingLetter, SignInAttempts, User
from movmo.accounts.office import lockout
from movmo.kit import masks
from movmo.operations.admin import ItsFiltersOnly, ItsRowsOnly, ReadOnlyAdmin
from movmo.operations.reveal.admin import Reveals, shown
from movmo.operations.reveal.fields import MaskedField
from movmo.operations.trail.office import OnTheTrail

ACCESS = {"is_active": "active", "is_staff": "staff", "is_superuser": "superuser", "groups": "roles"}
LINK = "text-primary-600 underline dark:text-primary-500"

# The address is the person's own field: a second list of addresses would only disagree with it.
admin.site.unregister(EmailAddress)
admin.site.unregister(Group)
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """The roles. What each may is written in `movmo.roles`, and not changed here."""

    list_display = ("name", "people")
    search_fields = ("name__exact",)
    search_help_text = "A whole name."
    fields = ("name", "people", "may")
    readonly_fields = ("people", "may")
    ordering = ("name",)

    @admin.display(description="who has it")
    def people(self, role: Group) -> str:
        return ", ".join(User.objects.filter(groups=role).order_by("email").values_list("email", flat=True)) or "nobody"

    @admin.display(description="may")
    def may(self, role: Group) -> str:
        named = role.permissions.order_by("content_type__app_label", "name").values_list("name")
        return format_html_join("", "{}<br>", named)


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
            self.log_change(request, row, f"Unlocked: {self.way(row)}")
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


class PersonForm(UserChangeForm):
    """The address is masked on the page, and its field empty: what is typed into it becomes the new one."""

    email = forms.EmailField(
        label="New e-mail address",
        required=False,
        max_length=254,
        widget=UnfoldAdminEmailInputWidget,
        help_text="Leave it empty to keep the address.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("email", None)

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"] or self.instance.email)


@admin.register(User)
class UserAdmin(  # type: ignore[misc]
    Impersonates,
    Reveals,
    OnTheTrail,
    ItsFiltersOnly,
    ItsRowsOnly,
    DjangoUserAdmin,  # type: ignore[type-arg]
    ModelAdmin,
):
    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("address", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_active")
    # The whole address: whoever may search for a part of it reads it letter by letter.
    search_fields = ("email__exact", "first_name", "last_name")
    search_help_text = "A whole e-mail address, or a name."
    ordering = ("email",)
    filter_horizontal = ()
    masked: ClassVar[dict[str, MaskedField]] = {
        "email": MaskedField("e-mail address", lambda user: user.email, masks.address),
        "phone_number": MaskedField("telephone number", lambda user: user.phone_number, masks.number),
    }
    masked_email = shown("email")
    masked_phone_number = shown("phone_number")
    readonly_fields = (
        *("masked_email", "masked_phone_number", "their_pages"),
        *("sign_in", "way_in", "last_login", "date_joined"),
    )
    fieldsets = (
        (None, {"fields": ("masked_email", "masked_phone_number", "email", "sign_in")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (  # type: ignore[assignment]
        (None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),
    )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Roles are few: a box for each, rather than a field to search them with."""
        return super().formfield_for_manytomany(
            db_field, request, widget=UnfoldAdminCheckboxSelectMultipleWidget, **options
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Staff are superusers' to change: whoever set a password or an address of theirs would come in as them."""
        may = super().has_change_permission(request, obj)
        return may and (obj is None or _is_chief(request) or not (obj.is_staff or obj.is_superuser))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The link to a new password is shown to whoever may set one."""
        sections = super().get_fieldsets(request, obj)
        if obj is None or _is_chief(request):
            return sections
        return ((None, {"fields": ("masked_email", "masked_phone_number", "way_in")}), *sections[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """So is who becomes staff: whoever could say so could make themselves more than they are. The address of a
        person, which signs in, is not even on their page: with it everything of theirs would be read, and nobody
        asked why."""
        fields = super().get_readonly_fields(request, obj)
        if _is_chief(request):
            return fields
        return (*fields, "is_staff", "is_superuser", "groups", *(("email",) if obj else ()))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found, twice = super().get_search_results(request, queryset, search_term.lower())
        return found, bool(twice)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        if not _is_chief(request):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """What somebody may is told from which value to which; of a person's own fields only the name."""
        if add or not set(ACCESS) & set(form.changed_data):
            return super().construct_change_message(request, form, formsets, add)
        told = [
            f"{ACCESS[name]}: {_said(form.initial[name])} → {_said(form.cleaned_data[name])}"
            for name in ACCESS
            if name in form.changed_data
        ]
        others = [name for name in form.changed_data if name not in ACCESS]
        return "; ".join([*told, *([f"changed too: {', '.join(others)}"] if others else [])])

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is deleted: bookings name them. Whoever may not come in any more is made inactive."""
        return False

    @admin.display(description="e-mail address")
    def address(self, user: User) -> str:
        return str(user)

    @admin.display(description="sign-in")
    def way_in(self, user: User) -> str:
        """Instead of Django's field, which shows parts of the password's hash."""
        return "Password, or a code by e-mail" if user.has_usable_password() else "A code by e-mail; no password"

    @admin.display(description="sign-in")
    def sign_in(self, user: User) -> str:
        return format_html('{} · <a class="{}" href="../password/">Set a password</a>', self.way_in(user), LINK)


def _said(value: Any) -> str:
    """A tick, or roles."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(sorted(role.name for role in value)) or "none"


def _is_chief(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
