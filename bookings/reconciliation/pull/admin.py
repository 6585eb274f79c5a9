"""Days that providers are asked for, in the back office: which are still owed, how often in vain, and why."""

from datetime import date
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display

from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import Statement
from bookings.reconciliation.office import telling
from bookings.reconciliation.office.listing import Buttons, ListWithMore
from bookings.reconciliation.pull.models import PulledDay
from bookings.reconciliation.resolution.admin import ByProvider
from movmo.kit import clock
from movmo.operations.admin import to_the_second

HERE, ASKED, LOCKED, VAIN, OWED = "here", "being asked", "owed, locked", "owed, asked in vain", "owed"
COLOURS = {HERE: "success", ASKED: "info", LOCKED: "info", VAIN: "danger", OWED: "warning"}


class ByStanding(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("owed", "owed"), ("vain", "owed, asked in vain"), ("here", "here")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PulledDay]) -> QuerySet[PulledDay]:
        owed = Q(done_at=None)
        wanted = {"owed": owed, "vain": owed & Q(failures__gt=0), "here": ~owed}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(wanted)


@admin.register(PulledDay)
class PulledDayAdmin(ListWithMore):
    """What is owed stands first, the newest day of it at the top."""

    list_display = ("day", "provider", "standing", "failures", "problem_told", "failed")
    list_filter = (ByStanding, ByProvider)
    search_fields = ("id__exact", "provider__exact")
    search_help_text: ClassVar[Any] = "A day such as 2027-02-28, a provider, or a whole id."
    ordering = (F("done_at").desc(nulls_first=True), "-day", "provider")
    fieldsets = (
        (None, {"fields": ("provider", "day", "standing", "statements_told")}),
        ("Asked for it", {"fields": ("failures", "problem_told", "failed", "asked_until", "done")}),
    )
    readonly_fields = ("standing", "statements_told", "problem_told", "failed", "asked_until", "done")

    def buttons(self, request: HttpRequest) -> Buttons:
        may_pull = request.user.has_perm("bookings.add_statement")
        return [("Pull now", reverse("admin:bookings_statement_pull"))] if may_pull else []

    def get_queryset(self, request: HttpRequest) -> Any:
        of_the_house = PeriodLock.objects.filter(partner=None, unlocked_at=None, provider=OuterRef("provider"))
        locked = of_the_house.filter(starts_on__lte=OuterRef("day"), ends_on__gte=OuterRef("day"))
        return super().get_queryset(request).annotate(is_locked=Exists(locked))

    def matching(self, term: str) -> Q:
        try:
            return super().matching(term) | Q(day=date.fromisoformat(term))
        except ValueError:
            return super().matching(term)

    @display(description="state", label=COLOURS)
    def standing(self, row: PulledDay) -> str:
        if row.lease_until is not None and row.lease_until > clock.now():
            return ASKED
        if row.done_at is not None:
            return HERE
        if getattr(row, "is_locked", False):
            return LOCKED
        return VAIN if row.failures else OWED

    @admin.display(description="last problem")
    def problem_told(self, row: PulledDay) -> str:
        return row.problem or "none"

    @admin.display(description="last in vain (UTC)", ordering="failed_at")
    def failed(self, row: PulledDay) -> str:
        return to_the_second(row.failed_at) if row.failed_at else "–"

    @admin.display(description="being asked until (UTC)")
    def asked_until(self, row: PulledDay) -> str:
        return to_the_second(row.lease_until) if row.lease_until else "nobody asks"

    @admin.display(description="here since (UTC)", ordering="done_at")
    def done(self, row: PulledDay) -> str:
        return to_the_second(row.done_at) if row.done_at else "not yet"

    @admin.display(description="statements")
    def statements_told(self, row: PulledDay) -> str:
        of_the_day = Statement.objects.filter(provider=row.provider, period_start=row.day, period_end=row.day)
        links = [
            (f"{one.file_name}, {one.state}", reverse("admin:bookings_statement_change", args=[one.pk]))
            for one in of_the_day.filter(source=Statement.Source.PULL).order_by("-id")[:20]
        ]
        return telling.buttons(links) if links else "none yet"
