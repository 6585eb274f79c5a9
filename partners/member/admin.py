"""Members in the back office: staff invite the first owner, and see who is in. Roles and removals are here too, for a
partner whose last owner has left."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from unfold.admin import ModelAdmin
from unfold.decorators import display

from movmo.accounts.models import User
from movmo.accounts.sign_in.forms import EmailForm
from movmo.kit import clock
from movmo.operations.admin import ItsFiltersOnly, ItsRowsOnly, ReadOnlyAdmin, to_the_second
from movmo.operations.trail.office import OnTheTrail
from partners.member import services
from partners.member.models import Invitation, Member, Role

if TYPE_CHECKING:
    InvitationForm = forms.ModelForm[Invitation]
else:
    InvitationForm = forms.ModelForm

OF_STATE = {
    "waiting": "info",
    "accepted": "success",
    "withdrawn": "danger",
    "sender inactive": "danger",
    "expired": "warning",
}


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("user", "partner", "role", "joined")
    list_filter = ("role", "partner")
    list_select_related = ("user", "partner")
    search_fields = ("id__exact", "user__email__exact", "partner__id__exact")
    search_help_text: ClassVar[Any] = "A whole member id, e-mail address or partner id."
    fields = ("user", "partner", "role", "joined")
    readonly_fields = ("joined",)
    actions = ("make_owner", "remove")

    @admin.display(description="joined (UTC)", ordering="joined_at")
    def joined(self, member: Member) -> str:
        return to_the_second(member.joined_at)

    def has_promote_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_member")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.delete_member")

    @admin.action(description="Make the selected members owners", permissions=["promote"])
    def make_owner(self, request: HttpRequest, members: QuerySet[Member]) -> None:
        for member in members:
            self._tried(request, member, "Made an owner.", services.change_role, role=Role.OWNER)

    @admin.action(description="Remove the selected members", permissions=["remove"])
    def remove(self, request: HttpRequest, members: QuerySet[Member]) -> None:
        for member in members:
            self._tried(request, member, "Removed.", services.remove)

    def _tried(self, request: HttpRequest, member: Member, what: str, change: Any, **wanted: Any) -> None:
        try:
            ended = change(member, by=_clerk(request), now=clock.now(), **wanted)
        except services.MemberRefused as refusal:
            messages.error(request, f"{member}: {refusal}")
        else:
            self.log_change(request, member, what)
            messages.success(request, f"{member}: {what} {services.told_of(ended)}".rstrip())


class NewInvitation(InvitationForm):
    """Addresses are judged as where people sign in."""

    def clean_email(self) -> str:
        judged = EmailForm({"email": self.cleaned_data["email"]})
        if not judged.is_valid():
            raise forms.ValidationError([str(one) for one in judged.errors.get("email", [])])
        email: str = judged.cleaned_data["email"]
        return email


@admin.register(Invitation)
class InvitationAdmin(OnTheTrail, ItsFiltersOnly, ItsRowsOnly, ModelAdmin):  # type: ignore[misc]
    form = NewInvitation
    list_display = ("address", "partner", "role", "standing", "invited", "expires")
    list_filter = ("role", "partner")
    list_select_related = ("partner", "invited_by")
    search_fields = ("email__exact",)
    search_help_text: ClassVar[Any] = "A whole e-mail address."
    show_full_result_count = False
    fields = ("partner", "address", "role", "standing", "invited_by", "invited", "expires")
    readonly_fields = ("address", "standing", "invited_by", "invited", "expires")
    actions = ("withdraw",)

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        return self.fields if obj else ("partner", "email", "role")

    @admin.display(description="e-mail address", ordering="email")
    def address(self, invitation: Invitation) -> str:
        return invitation.address

    @display(description="state", label=OF_STATE)
    def standing(self, invitation: Invitation) -> str:
        return invitation.state(clock.now())

    @admin.display(description="invited (UTC)", ordering="invited_at")
    def invited(self, invitation: Invitation) -> str:
        return to_the_second(invitation.invited_at)

    @admin.display(description="expires (UTC)", ordering="expires_at")
    def expires(self, invitation: Invitation) -> str:
        return to_the_second(invitation.expires_at)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except services.MemberRefused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.path)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        invited = services.invite(
            partner=obj.partner, email=obj.email, role=Role(obj.role), by=_clerk(request), now=clock.now()
        )
        obj.pk = invited.pk

    @admin.action(description="Withdraw the selected invitations", permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, invitations: QuerySet[Invitation]) -> None:
        for one in invitations:
            try:
                services.withdraw(one, by=_clerk(request), now=clock.now())
            except services.MemberRefused:
                messages.info(request, f"{one}: over already.")
            else:
                self.log_change(request, one, "Withdrawn.")


def _clerk(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
