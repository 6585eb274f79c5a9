"""Webhook endpoints and deliveries in the back office: what goes where, what failed and why. No secret is shown."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display

from movmo.kit import clock
from movmo.operations.admin import ReadOnlyAdmin, to_the_second
from movmo.operations.history_page import WithHistory
from partners.webhook import services
from partners.webhook.models import Failure, WebhookAttempt, WebhookDelivery, WebhookEndpoint

OF_ENDPOINT = {"enabled": "success", "failing": "warning", "disabled": "danger", "deleted": "info"}
OF_DELIVERY = {"delivered": "success", "waiting": "info", "retrying": "warning", "failed": "danger"}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(WithHistory, ReadOnlyAdmin):  # type: ignore[misc]
    list_display = ("partner", "host", "mode", "health", "disabled_reason", "failing_since", "created_at")
    list_filter = ("state", "disabled_reason", "is_live", "partner")
    list_select_related = ("partner",)
    search_fields = ("id__exact", "partner__id__exact")
    search_help_text: ClassVar[Any] = "A whole endpoint id or partner id."
    # Of the address only the host: the rest may hold a password of the partner's.
    fieldsets = (
        (None, {"fields": ("id", "partner", "host", "mode", "types")}),
        ("How it does", {"fields": ("health", "disabled_reason", "disabled_at", "failing_since", "failed_at")}),
        ("Its secret", {"fields": ("rotations", "old_secret_until")}),
        ("Times", {"fields": ("created_at", "updated_at", "served_at")}),
    )
    readonly_fields = ("id", "host", "mode", "types", "health")

    @admin.display(description="host")
    def host(self, endpoint: WebhookEndpoint) -> str:
        return endpoint.host

    @display(description="mode", label={"live": "warning", "test": "info"})
    def mode(self, endpoint: WebhookEndpoint) -> str:
        return endpoint.mode

    @admin.display(description="event types")
    def types(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.event_types) or "every one"

    @display(description="state", label=OF_ENDPOINT)
    def health(self, endpoint: WebhookEndpoint) -> str:
        is_failing = endpoint.state == WebhookEndpoint.State.ENABLED and endpoint.failing_since is not None
        return "failing" if is_failing else endpoint.state


class Attempts(TabularInline):
    """What was sent when, and what came of it."""

    model = WebhookAttempt
    fields = ("number", "when", "what_came", "duration")
    readonly_fields = fields
    extra = 0
    can_delete = False
    hide_title = True

    @admin.display(description="at (UTC)")
    def when(self, attempt: WebhookAttempt) -> str:
        return to_the_second(attempt.at)

    @admin.display(description="what came of it")
    def what_came(self, attempt: WebhookAttempt) -> str:
        said = f"HTTP {attempt.status}" if attempt.status else ""
        return ": ".join(filter(None, (said, Failure(attempt.failure).label if attempt.failure else "")))

    @admin.display(description="took")
    def duration(self, attempt: WebhookAttempt) -> str:
        return f"{attempt.duration_ms} ms"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("type_", "partner", "host", "standing", "why", "tries", "due")
    list_filter = ("state", "last_failure")
    list_select_related = ("endpoint__partner", "event")
    search_fields = ("id__exact", "endpoint__id__exact", "event__id__exact", "event__subject_id__exact")
    search_help_text: ClassVar[Any] = "A whole delivery id, endpoint id, event id (webhook-id) or booking id."
    fields = ("id", "type_", "event_id", "subject", "endpoint", "standing", "why", "tries", "due", "lease_until",
              "created", "settled_at")  # fmt: skip
    readonly_fields = fields
    inlines = (Attempts,)
    actions = ("redeliver",)

    @admin.display(description="event")
    def type_(self, delivery: WebhookDelivery) -> str:
        return delivery.event.type

    @admin.display(description="about")
    def subject(self, delivery: WebhookDelivery) -> str:
        return str(delivery.event.subject_id)

    @admin.display(description="partner")
    def partner(self, delivery: WebhookDelivery) -> str:
        return str(delivery.endpoint.partner)

    @admin.display(description="host")
    def host(self, delivery: WebhookDelivery) -> str:
        return delivery.endpoint.host

    @display(description="state", label=OF_DELIVERY)
    def standing(self, delivery: WebhookDelivery) -> str:
        is_again = delivery.state == WebhookDelivery.State.WAITING and delivery.last_failure
        return "retrying" if is_again else delivery.state

    @admin.display(description="what went wrong last")
    def why(self, delivery: WebhookDelivery) -> str:
        return Failure(delivery.last_failure).label if delivery.last_failure else ""

    @admin.display(description="due (UTC)", ordering="due_at")
    def due(self, delivery: WebhookDelivery) -> str:
        return to_the_second(delivery.due_at) if delivery.state == WebhookDelivery.State.WAITING else ""

    @admin.display(description="created (UTC)", ordering="created_at")
    def created(self, delivery: WebhookDelivery) -> str:
        return to_the_second(delivery.created_at)

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_webhookdelivery")

    @admin.action(description="Send the selected deliveries again", permissions=["redeliver"])
    def redeliver(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        chosen = WebhookDelivery.objects.filter(pk__in=queryset.values_list("pk", flat=True))
        listening = chosen.filter(endpoint__state=WebhookEndpoint.State.ENABLED)
        rows = list(listening)
        queued = services.again(listening, now=clock.now())
        for delivery in rows:
            self.log_change(request, delivery, "Sent again.")
        messages.success(request, f"{queued} on their way again.")
        if left := chosen.count() - queued:
            messages.warning(request, f"{left} were left alone: being sent at this moment, or their endpoint is off.")
