"""The pipeline's tables for staff: to look at, never to change."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet, UUIDField
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from movmo.kit import clock
from movmo.kit.money import Money
from movmo.operations import outbox
from movmo.operations.models import Approval, Event, IdempotencyRecord, Mandate, Outbox
from movmo.operations.trail.office import OnTheTrail


def to_the_second(at: datetime) -> str:
    """A time of the trail, in UTC: minutes are too coarse to tell steps apart."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def as_uuid(term: str) -> UUID | None:
    """The id that staff typed or pasted, with dashes or without."""
    try:
        return UUID(term)
    except ValueError:
        return None


class ItsFiltersOnly:
    """Of a ModelAdmin, in front of it."""

    def lookup_allowed(self: Any, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """The filters of the page and nothing else: any other look-up is answered by columns that are encrypted or
        not indexed, or tells what the page does not show. Of what a row belongs to, the id."""
        field, _, comparison = lookup.partition("__")
        known = {getattr(one, "parameter_name", one) for one in self.list_filter}
        return field in known and comparison in ("", "exact", "isnull", "id__exact") and "\0" not in str(value)


class ItsRowsOnly:
    """Of a ModelAdmin, in front of it."""

    def response_action(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Django asks the database for whatever was sent as an id, and fails at what cannot be one."""
        sent = request.POST.copy()
        ids = [one for one in sent.getlist(ACTION_CHECKBOX_NAME) if _may_be(self.model._meta.pk, one)]
        sent.setlist(ACTION_CHECKBOX_NAME, ids)
        request.POST = sent  # type: ignore[assignment]
        return super().response_action(request, queryset)  # type: ignore[misc]

    def get_object(self: Any, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """What cannot be an id is none's, whatever the database would say of it."""
        if "\0" in object_id:
            return None
        return super().get_object(request, object_id, from_field)  # type: ignore[misc]


def _may_be(key: "Field[Any, Any]", sent: str) -> bool:
    try:
        key.run_validators(key.to_python(sent))
    except ValidationError:
        return False
    return bool(sent) and "\0" not in sent


class ReadOnlyAdmin(OnTheTrail, ItsFiltersOnly, ItsRowsOnly, ModelAdmin):  # type: ignore[misc]
    """A table that only services write. Fast at a million rows: no full count, no facets."""

    show_full_result_count = False
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """One whole value. Django's own search compares ids as text, which no index answers and SQLite stores
        otherwise. Search fields follow foreign keys only, so no row comes twice."""
        term = search_term.strip()
        return (queryset.filter(self.matching(term)) if term else queryset), False

    def matching(self, term: str) -> Q:
        """Rows with this value in a search field: an id in fields of ids, and any value in fields of text."""
        found, known = Q(pk__in=[]), as_uuid(term)
        for path in (field.removesuffix("__exact") for field in self.search_fields):
            if not isinstance(get_fields_from_path(self.model, path)[-1], UUIDField):
                found |= Q((f"{path}__in", {term, str(known)} if known else {term}))
            elif known:
                found |= Q((path, known))
        return found

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ("operation", "created", "outcome", "status", "owner_id", "resource_id")
    list_filter = ("outcome",)
    search_fields = ("id__exact", "owner_id__exact", "resource_id__exact")
    search_help_text: ClassVar[Any] = "A whole record id, owner id or resource id."
    # The key's digest, the request's fingerprint and the stored answer stay out.
    fields = ("operation", "owner_id", "resource_id", "reference", "outcome", "status", "created", "expires_at")
    readonly_fields = ("created",)

    @admin.display(description="created (UTC)", ordering="created_at")
    def created(self, record: IdempotencyRecord) -> str:
        return to_the_second(record.created_at)


@admin.register(Outbox)
class OutboxAdmin(ReadOnlyAdmin):
    """Work that waits, was done, or was given up. `payload` holds ids and nothing else."""

    list_display = ("topic", "state", "attempts", "reason", "due", "created")
    list_filter = ("state",)
    search_fields = ("id__exact", "dedup__exact")
    search_help_text: ClassVar[Any] = "A whole row id, or the name under which it was ordered, such as event:<id>."
    fields = ("topic", "dedup", "payload", "state", "attempts", "reason", "due", "lease_until", "created")
    readonly_fields = ("due", "created")
    actions = ("try_again",)

    @admin.display(description="due (UTC)", ordering="due_at")
    def due(self, row: Outbox) -> str:
        return to_the_second(row.due_at)

    @admin.display(description="created (UTC)", ordering="created_at")
    def created(self, row: Outbox) -> str:
        return to_the_second(row.created_at)

    @admin.action(description="Try again what was given up", permissions=["try_again"])
    def try_again(self, request: HttpRequest, rows: QuerySet[Outbox]) -> None:
        put_back = [row for row in rows if outbox.put_back(row, now=clock.now())]
        for row in put_back:
            self.log_change(request, row, f"Put back after it was given up: {row.reason}")
        messages.success(request, f"Put back: {len(put_back)}")

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("operations.change_outbox")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("type", "subject_id", "sequence", "position", "mode", "created")
    list_filter = ("is_live",)
    search_fields = ("id__exact", "subject_id__exact", "partner_id__exact", "user_id__exact", "type__exact")
    search_help_text: ClassVar[Any] = "A whole event id, subject id, partner id or user id, or a type."
    fields = ("type", "subject_id", "sequence", "position", "partner_id", "user_id", "mode", "payload", "created")
    readonly_fields = ("mode", "created")

    @admin.display(description="mode", ordering="is_live")
    def mode(self, event: Event) -> str:
        return "live" if event.is_live else "test"

    @admin.display(description="created (UTC)", ordering="created_at")
    def created(self, event: Event) -> str:
        return to_the_second(event.created_at)


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """What agents asked their people. What it said, with names and cards in it, is between those two."""

    list_display = ("operation", "state", "client_id", "user_id", "requested", "expires", "decided_with", "mode")
    list_filter = ("state", "is_live")
    search_fields = ("id__exact", "user_id__exact", "resource_id__exact", "client_id__exact")
    search_help_text: ClassVar[Any] = "A whole approval id, user id, resource id or client id."
    fieldsets = (
        (
            None,
            {"fields": ("operation", "state", "requested", "expires", "decided", "decided_with", "used", "mode")},
        ),
        ("Who asked whom", {"fields": ("client_id", "partner_id", "user_id")}),
        ("What it used", {"fields": ("mandate", "amount", "released_at", "resource_id")}),
    )
    readonly_fields = ("requested", "expires", "decided", "used", "mode", "amount")

    def amount(self, approval: Approval) -> str:
        return str(Money(approval.amount_minor, approval.currency)) if approval.currency else "nothing"

    @admin.display(description="mode", ordering="is_live")
    def mode(self, approval: Approval) -> str:
        return "live" if approval.is_live else "test"

    @admin.display(description="requested (UTC)", ordering="requested_at")
    def requested(self, approval: Approval) -> str:
        return to_the_second(approval.requested_at)

    @admin.display(description="expires (UTC)", ordering="expires_at")
    def expires(self, approval: Approval) -> str:
        return to_the_second(approval.expires_at)

    @admin.display(description="decided (UTC)")
    def decided(self, approval: Approval) -> str | None:
        return to_the_second(approval.decided_at) if approval.decided_at else None

    @admin.display(description="used (UTC)")
    def used(self, approval: Approval) -> str | None:
        return to_the_second(approval.used_at) if approval.used_at else None


@admin.register(Mandate)
class MandateAdmin(ReadOnlyAdmin):
    """What people allowed agents in advance. Only they give and revoke; staff may disconnect the application."""

    list_display = ("client_id", "user_id", "per_booking", "per_month", "granted", "until", "revoked")
    search_fields = ("id__exact", "user_id__exact", "client_id__exact")
    search_help_text: ClassVar[Any] = "A whole mandate id, user id or client id."
    fields = (*list_display, "passenger_ids", "granted_with")
    readonly_fields = ("per_booking", "per_month", "granted", "until", "revoked")

    @admin.display(description="granted (UTC)", ordering="granted_at")
    def granted(self, mandate: Mandate) -> str:
        return to_the_second(mandate.granted_at)

    @admin.display(description="valid until (UTC)", ordering="valid_until")
    def until(self, mandate: Mandate) -> str:
        return to_the_second(mandate.valid_until)

    @admin.display(description="revoked (UTC)", ordering="revoked_at")
    def revoked(self, mandate: Mandate) -> str | None:
        return to_the_second(mandate.revoked_at) if mandate.revoked_at else None

    @admin.display(description="for one booking")
    def per_booking(self, mandate: Mandate) -> str:
        return str(Money(mandate.per_booking_minor, mandate.currency))

    @admin.display(description="in one month")
    def per_month(self, mandate: Mandate) -> str:
        return str(Money(mandate.per_month_minor, mandate.currency))


from movmo.operations.trail import admin as trail  # noqa: E402, F401  (registers; it stands on what is above)
