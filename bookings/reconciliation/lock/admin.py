"""Locks of periods in the back office. Whoever may lock may ask to unlock; another signs."""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from bookings.reconciliation.lock import services
from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.office import telling
from bookings.reconciliation.office.asking import ReasonForm, asked, by_of, providers
from bookings.reconciliation.office.listing import Buttons, ListWithMore
from bookings.reconciliation.resolution.queries import name_in, name_of
from movmo.kit import clock
from movmo.operations import rights
from movmo.operations.admin import to_the_second


class LockForm(ReasonForm):
    provider = forms.ChoiceField(choices=providers, widget=UnfoldAdminSelectWidget())
    starts_on = forms.DateField(label="First day", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}))
    ends_on = forms.DateField(label="Last day", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}))
    field_order = ("provider", "starts_on", "ends_on", "reason")


@admin.register(PeriodLock)
class PeriodLockAdmin(ListWithMore):
    list_display = ("provider", "starts_on", "ends_on", "standing", "locked_by_whom", "reason")
    search_fields = ("id__exact",)
    search_help_text: ClassVar[Any] = "A whole id."
    fields = ("provider", "partner", "starts_on", "ends_on", "standing", "reason", "what_to_do", "locked_by_whom",
              "locked", "unlocked_by_whom", "unlocked")  # fmt: skip
    readonly_fields = ("standing", "what_to_do", "locked_by_whom", "locked", "unlocked_by_whom", "unlocked")
    ordering = ("-id",)

    def buttons(self, request: HttpRequest) -> Buttons:
        return (
            [("Lock a period", reverse("admin:bookings_periodlock_new"))]
            if request.user.has_perm(rights.LOCK_PERIOD)
            else []
        )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.may_unlock = row.unlocked_at is None and request.user.has_perm(rights.LOCK_PERIOD)
        return row

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(locker=name_in("locked_by"))

    def get_urls(self) -> list[URLPattern]:
        new, unlock = (self.admin_site.admin_view(page) for page in (self.new_view, self.unlock_view))
        return [
            path("new/", new, name="bookings_periodlock_new"),
            path("<uuid:pk>/unlock/", unlock, name="bookings_periodlock_unlock"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(rights.LOCK_PERIOD):
            raise PermissionDenied

        def do(typed: dict[str, Any]) -> str:
            days = (typed["provider"], typed["starts_on"], typed["ends_on"])
            return f"Locked: {services.lock(*days, reason=typed['reason'], by=by_of(request), now=clock.now())}."

        back = reverse("admin:bookings_periodlock_changelist")
        words = "No statement of these days is taken over or compared again, and none of their discrepancies closed."
        return asked(self, request, LockForm, do, title="Lock a period", words=words, button="Lock", back=back)

    def unlock_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        if not request.user.has_perm(rights.LOCK_PERIOD):
            raise PermissionDenied

        def do(typed: dict[str, Any]) -> str:
            services.ask_to_unlock(pk, reason=typed["reason"], by=by_of(request), now=clock.now())
            return "Asked. A second person signs or declines it."

        back = reverse("admin:bookings_periodlock_change", args=[pk])
        words = "It stays locked until a second person has signed."
        return asked(self, request, ReasonForm, do, title="Ask to unlock", words=words, button="Ask", back=back)

    @display(description="state", label={"locked": "warning", "unlocked": "info"})
    def standing(self, row: PeriodLock) -> str:
        return "unlocked" if row.unlocked_at else "locked"

    @admin.display(description="what you can do")
    def what_to_do(self, row: PeriodLock) -> str:
        may = getattr(row, "may_unlock", False)
        return telling.buttons(
            [("Ask to unlock", reverse("admin:bookings_periodlock_unlock", args=[row.pk]))] if may else []
        )

    @admin.display(description="locked by")
    def locked_by_whom(self, row: PeriodLock) -> str:
        return getattr(row, "locker", None) or name_of(row.locked_by)

    @admin.display(description="locked (UTC)")
    def locked(self, row: PeriodLock) -> str:
        return to_the_second(row.locked_at)

    @admin.display(description="unlocked by")
    def unlocked_by_whom(self, row: PeriodLock) -> str:
        return name_of(row.unlocked_by)

    @admin.display(description="unlocked (UTC)")
    def unlocked(self, row: PeriodLock) -> str:
        return to_the_second(row.unlocked_at) if row.unlocked_at else "not yet"
