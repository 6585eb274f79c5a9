"""API keys in the back office: issue, rotate, prolong, revoke; never read."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import display
from unfold.widgets import UnfoldAdminRadioSelectWidget

from movmo.kit import clock
from movmo.operations import history
from movmo.operations.history_page import WithHistory
from partners import shown_once
from partners.api_key import services
from partners.api_key.models import ApiKey, ApiKeys, KeyState

if TYPE_CHECKING:
    KeyForm = forms.ModelForm[ApiKey]
else:
    KeyForm = forms.ModelForm

COLOURS = {
    KeyState.REVOKED.label: "danger",
    KeyState.EXPIRED.label: "danger",
    KeyState.REPLACED.label: "info",
    KeyState.EXPIRING.label: "warning",
    KeyState.USABLE.label: "success",
}
ENDS = {"expires_at": "Day and time in UTC. Empty: it does not end."}


class NewKey(KeyForm):
    mode = forms.ChoiceField(
        choices=[("test", "Test: sandbox providers only"), ("live", "Live: live providers only; it spends money")],
        initial="test",
        widget=UnfoldAdminRadioSelectWidget,
    )

    class Meta:
        help_texts = ENDS

    def clean_expires_at(self) -> Any:
        return _in_the_future(self.cleaned_data["expires_at"])

    def clean(self) -> Any:
        cleaned = super().clean() or self.cleaned_data
        partner, is_live = cleaned.get("partner"), cleaned.get("mode") == "live"
        if partner is None:
            return cleaned
        if is_live and not partner.plan.live_keys:
            self.add_error("mode", str(services.LiveNotAllowed()))
        try:
            services.refuse_full(partner, live=is_live, now=clock.now())
        except services.TooManyKeys as refusal:
            self.add_error("partner", str(refusal))
        return cleaned


class KnownKey(KeyForm):
    class Meta:
        help_texts = ENDS

    def clean_expires_at(self) -> Any:
        wanted = self.cleaned_data["expires_at"]
        if "expires_at" not in self.changed_data:
            return wanted
        if (state := self.instance.state(clock.now())) not in (KeyState.USABLE, KeyState.EXPIRING):
            raise forms.ValidationError(f"This key is {state.label}: its end can no longer be changed.")
        return _in_the_future(wanted)


def _in_the_future(expires_at: Any) -> Any:
    if expires_at is not None and expires_at <= clock.now():
        raise forms.ValidationError(str(services.ExpiryInPast()))
    return expires_at


class ByState(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return KeyState.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        wanted = self.value()
        if wanted not in KeyState.values:
            return queryset
        assert isinstance(queryset, ApiKeys)
        return queryset.in_state(KeyState(wanted), now=clock.now())


@admin.register(ApiKey)
class ApiKeyAdmin(WithHistory):
    list_display = ("name", "partner", "hint", "mode", "state", "expires_at", "last_used_at", "created_at")
    list_filter = (ByState, "is_live", "partner")
    list_select_related = ("partner",)
    search_fields = ("name", "hint", "partner__name")
    fields = ("partner", "name", "mode", "state", "expires_at", "hint", "created_at", "last_used_at")
    readonly_fields = ("hint", "created_at", "last_used_at", "revoked_at", "replaced_by", "state")
    actions = ("rotate", "revoke")

    @display(description="mode", ordering="is_live", label={"live": "warning", "test": "info"})
    def mode(self, key: ApiKey) -> str:
        return key.mode

    @display(description="state", label=COLOURS)
    def state(self, key: ApiKey) -> str:
        return key.state(clock.now()).label

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": KnownKey if change else NewKey, **kwargs})

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return (*self.fields, "revoked_at", "replaced_by") if obj else ("partner", "name", "mode", "expires_at")

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return (*self.readonly_fields, "partner", "mode") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The form fails at a time that stands in its address, whether it is one or not."""
        begun: dict[str, Any] = super().get_changeform_initial_data(request)
        return {name: value for name, value in begun.items() if name != "expires_at"}

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        """A rotation ends one key and shows another."""
        return self.has_add_permission(request) and self.has_change_permission(request)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except services.KeyRefused as refusal:  # somebody made the last key that there was room for meanwhile
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.path)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        now = clock.now()
        if not change:
            live = form.cleaned_data["mode"] == "live"
            issued, obj.shown_once = services.issue(
                partner=obj.partner, name=obj.name, now=now, live=live, expires_at=obj.expires_at
            )
            obj.pk, obj.hint = issued.pk, issued.hint
            return
        if "expires_at" in form.changed_data:
            try:
                services.prolong(obj, expires_at=obj.expires_at, now=now)
            except services.KeyRefused as refusal:  # somebody ended the key while the form was open
                messages.error(request, str(refusal))
        if "name" in form.changed_data:
            ApiKey.objects.filter(pk=obj.pk).update(name=obj.name)
            history.changed(obj)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        return shown_once.page(self, request, obj, what="API key", secret=obj.shown_once)  # type: ignore[attr-defined]

    @admin.action(description="Rotate the selected key (the old one works for 7 more days)", permissions=["rotate"])
    def rotate(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        if len(queryset) != 1:
            messages.error(request, "Rotate one key at a time: each new one is shown once.")
            return None
        (old,) = queryset
        try:
            fresh, raw = services.rotate(old, now=clock.now())
        except services.KeyRefused as refusal:
            messages.error(request, str(refusal))
            return None
        self.log_change(request, old, f"Rotated: replaced by {fresh}.")
        self.log_addition(request, fresh, f"Issued in the place of {old}.")
        return shown_once.page(self, request, fresh, what="API key", secret=raw)

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            services.revoke(key, now=clock.now())
            self.log_change(request, key, "Revoked.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.delete_apikey")
