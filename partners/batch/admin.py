"""Batches in the back office: whose, how far, and what was refused. What their lines say stays between the two."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count
from unfold.decorators import display

from movmo.operations.admin import ReadOnlyAdmin, to_the_second
from partners.batch.models import Batch, BatchLine
from partners.batch.states import BatchState, LineState

COLOURS: dict[str, str] = {
    BatchState.RUNNING: "info",
    BatchState.CANCELLING: "warning",
    BatchState.COMPLETED: "success",
    BatchState.CANCELLED: "danger",
}
MOST_CODES = 20


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ("created", "partner", "mode", "standing", "lines", "done", "refused", "skipped", "waits_for")
    list_filter = ("state", "is_live")
    list_select_related = ("partner",)
    search_fields = ("id__exact", "partner__id__exact")
    search_help_text: ClassVar[Any] = "A whole batch id or partner id."
    fieldsets = (
        (None, {"fields": ("id", "partner", "mode", "standing", "ended_by", "created", "ended")}),
        ("How far it is", {"fields": ("lines", "done", "refused", "skipped", "waits_for", "goes_on", "last_turn")}),
        ("What was refused", {"fields": ("refusals",)}),
    )
    readonly_fields = ("id", "mode", "standing", "created", "ended", "goes_on", "last_turn", "refusals")

    @admin.display(description="created (UTC)", ordering="created_at")
    def created(self, batch: Batch) -> str:
        return to_the_second(batch.created_at)

    @admin.display(description="ended (UTC)", empty_value="-")
    def ended(self, batch: Batch) -> str | None:
        return to_the_second(batch.ended_at) if batch.ended_at else None

    @admin.display(description="goes on at (UTC)", empty_value="-")
    def goes_on(self, batch: Batch) -> str | None:
        return to_the_second(batch.due_at) if batch.due_at else None

    @admin.display(description="last turn of a worker (UTC)", empty_value="-")
    def last_turn(self, batch: Batch) -> str | None:
        return to_the_second(batch.served_at) if batch.served_at else None

    @display(description="mode", label={"live": "warning", "test": "info"})
    def mode(self, batch: Batch) -> str:
        return batch.mode

    @display(description="state", label=COLOURS)
    def standing(self, batch: Batch) -> str:
        return batch.state

    @admin.display(description="refusals by code")
    def refusals(self, batch: Batch) -> str:
        refused = BatchLine.objects.filter(batch=batch, state=LineState.REFUSED)
        codes = refused.values_list("code").annotate(times=Count("pk")).order_by("-times", "code")[:MOST_CODES]
        return ", ".join(f"{times} × {code}" for code, times in codes)
