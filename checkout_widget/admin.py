"""Checkouts in the back office: to look at, never to change."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display

from checkout_widget.session import queries, steps
from checkout_widget.session.models import CheckoutAttempt, CheckoutSession
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock
from movmo.kit.money import Money
from movmo.operations.admin import ReadOnlyAdmin, to_the_second

COLOURS: dict[str, str] = {
    State.COMPLETED: "success",
    State.CONFIRMING: "warning",
    State.REQUIRES_ACTION: "warning",
    State.FAILED: "danger",
    State.OPEN: "info",
    State.AUTHENTICATED: "info",
    State.READY: "info",
}


class Attempts(TabularInline):
    """Each yes of the traveler, and what came of it."""

    model = CheckoutAttempt
    fields = ("number", "total", "user_id", "payment_method_id", "booking_id", "outcome", "began", "ended")
    readonly_fields = fields
    extra = 0
    can_delete = False
    hide_title = True

    @admin.display(description="total")
    def total(self, attempt: CheckoutAttempt) -> str:
        return str(Money(attempt.total_minor, attempt.currency))

    @admin.display(description="began (UTC)")
    def began(self, attempt: CheckoutAttempt) -> str:
        return to_the_second(attempt.began_at)

    @admin.display(description="ended (UTC)")
    def ended(self, attempt: CheckoutAttempt) -> str:
        return _second(attempt.ended_at)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BookedTwice(admin.SimpleListFilter):
    """What a person has to look at: one of the two is cancelled, at the airline or by its traveler."""

    title = "booked twice"
    parameter_name = "booked_twice"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes: one has to be given back")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CheckoutSession]) -> QuerySet[CheckoutSession]:
        return queryset.filter(pk__in=queries.booked_twice().values("pk")) if self.value() else queryset


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin):
    """The digests of its secrets and its customer's address stay out; so does the rest of `return_url`, which is the
    partner's own."""

    list_display = ("id", "partner", "origin", "standing", "price", "failure_code", "record_locator", "created")
    list_filter = ("state", "is_live_key", BookedTwice)
    list_select_related = ("partner",)
    search_fields = ("id__exact", "partner__id__exact", "user_id__exact", "offer_id__exact", "booking_id__exact")
    search_help_text: ClassVar[Any] = "A whole session id, partner id, user id, offer id or booking id."
    fieldsets = (
        (None, {"fields": ("id", "partner", "mode", "origin", "locale", "standing", "failure_code")}),
        ("What is sold", {"fields": ("provider", "offer_id", "price", "quote_version")}),
        ("To whom", {"fields": ("user_id", "payment_method_id", "declines", "claims")}),
        ("What came of it", {"fields": ("booking_id", "record_locator")}),
        ("When (UTC)", {"fields": ("created", "expires", "changed")}),
    )
    readonly_fields = ("mode", "standing", "price", "created", "expires", "changed")
    inlines = (Attempts,)

    @admin.display(description="key", ordering="is_live_key")
    def mode(self, session: CheckoutSession) -> str:
        return "live" if session.is_live_key else "test"

    @display(description="state", label=COLOURS, ordering="state")
    def standing(self, session: CheckoutSession) -> str:
        return str(steps.state_of(session, now=clock.now()))

    @admin.display(description="total", ordering="total_minor")
    def price(self, session: CheckoutSession) -> str:
        return str(session.total)

    @admin.display(description="created", ordering="created_at")
    def created(self, session: CheckoutSession) -> str:
        return to_the_second(session.created_at)

    @admin.display(description="ends", ordering="expires_at")
    def expires(self, session: CheckoutSession) -> str:
        return to_the_second(session.expires_at)

    @admin.display(description="last changed", ordering="updated_at")
    def changed(self, session: CheckoutSession) -> str:
        return to_the_second(session.updated_at)


def _second(at: datetime | None) -> str:
    return to_the_second(at) if at else ""
