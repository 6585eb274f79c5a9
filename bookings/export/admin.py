"""Exports in the back office: order one, see how far it has come, fetch its file."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from bookings.export import access, services
from bookings.export.datasets import DATASETS
from bookings.export.failures import MESSAGES
from bookings.export.forms import FIELDS_OF_FILTERS, ExportForm, asked_by
from bookings.export.models import Export
from bookings.export.states import OPEN, ExportState
from movmo.kit import clock
from movmo.kit.errors import DomainError
from movmo.operations.admin import ReadOnlyAdmin, to_the_second

UNITS = ("bytes", "kB", "MB", "GB")
LIST = "admin:bookings_export_changelist"


def _shown_for(name: str) -> str:
    """For Alpine: the datasets that have this filter."""
    having = [one.name.value for one in DATASETS.values() if name in one.conditions]
    return " || ".join(f"rows_of == '{dataset}'" for dataset in having)


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    list_display = ("dataset", "standing", "format", "rows", "size", "ordered_by", "created", "expires")
    list_filter = ("state", "dataset", "format")
    list_select_related = ("partner", "clerk")
    search_fields = ("id__exact", "partner__id__exact")
    search_help_text: ClassVar[Any] = "A whole export id or partner id."
    form = ExportForm
    fieldsets = (
        (None, {"fields": ("dataset", "standing", "format", "begins", "chosen", "ordered_by", "why")}),
        ("The file", {"fields": ("taken", "rows", "size", "digest", "expires")}),
        ("Progress", {"fields": ("id", "attempts", "rows_expected", "rows_written", "lease_until")}),
        ("Times", {"fields": ("created", "finished")}),
    )
    add_fieldsets: Any = (
        (None, {"fields": ("rows_of", "format", "has_bom")}),
        ("Only rows like these", {"fields": tuple(FIELDS_OF_FILTERS)}),
    )
    conditional_fields: ClassVar[dict[str, str]] = {
        **{field: _shown_for(name) for field, name in FIELDS_OF_FILTERS.items()},
        "has_bom": "format == 'csv'",
    }
    readonly_fields = (
        "id", "standing", "begins", "digest", "chosen", "ordered_by", "why", "taken", "rows", "size", "expires",
        "created", "finished",
    )  # fmt: skip

    class Media:
        js = ("bookings/exports.js",)
        css: ClassVar[Any] = {"all": ("bookings/exports.css",)}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Export]":
        """A clerk without a dataset's list sees none of its exports, either."""
        return access.shown_to(access.clerk_of(request.user), super().get_queryset(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        clerk = access.clerk_of(request.user)
        return clerk.has_perm("bookings.add_export") and bool(access.open_to(clerk))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Export | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.clerk = request.user
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The filters of the list that somebody came from."""
        return asked_by(request.GET)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        services.place(obj)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """In Django's log alone: the audit trail has its line from `services.place`."""
        return ModelAdmin.log_addition(self, request, obj, message)

    def response_add(self, request: HttpRequest, obj: Export, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, "Ordered. The file can be fetched here as soon as it is written.")
        return HttpResponseRedirect(reverse(LIST))

    def get_urls(self) -> Any:
        fetch = self.admin_site.admin_view(self.fetch)
        return [path("<uuid:export_id>/file/", fetch, name="bookings_export_file"), *super().get_urls()]

    def fetch(self, request: HttpRequest, export_id: UUID) -> HttpResponse:
        """To a link of this clerk's, good for a quarter of an hour."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        export = get_object_or_404(self.get_queryset(request), pk=export_id)
        try:
            return HttpResponseRedirect(services.link_for(access.clerk_of(request.user), export, now=clock.now()))
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(reverse(LIST))

    @admin.display(description="state", ordering="state")
    def standing(self, export: Export) -> SafeString:
        return render_to_string(
            "admin/export_standing.html",
            {
                "export": export,
                "is_open": export.state in OPEN,
                "is_ready": export.state == ExportState.READY,
                "words": export.get_state_display(),
                "file": reverse("admin:bookings_export_file", args=[export.pk]),
            },
        )

    @admin.display(description="rows", ordering="row_count")
    def rows(self, export: Export) -> str:
        return "" if export.row_count is None else f"{export.row_count:,}"

    @admin.display(description="size", ordering="byte_count")
    def size(self, export: Export) -> str:
        return _size(export.byte_count)

    # By names of their own: `has_bom` is hidden or shown by the form's format, and there is none on this page.
    @admin.display(description="byte order mark")
    def begins(self, export: Export) -> str:
        return "yes" if export.has_bom else "no"

    @admin.display(description="SHA-256")
    def digest(self, export: Export) -> SafeString:
        """Which may be broken: a telephone is narrower."""
        parts = (export.sha256[place : place + 16] for place in range(0, 64, 16))
        return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in parts))

    @admin.display(description="ordered by")
    def ordered_by(self, export: Export) -> str:
        return f"{export.partner} (API)" if export.partner_id else str(export.clerk)

    @admin.display(description="filters")
    def chosen(self, export: Export) -> str:
        return ", ".join(f"{name} {value}" for name, value in export.filters.items()) or "all rows"

    @admin.display(description="why there is no file")
    def why(self, export: Export) -> str:
        return MESSAGES.get(export.failure_code, "")

    @admin.display(description="rows as of (UTC)")
    def taken(self, export: Export) -> str:
        return to_the_second(export.as_of) if export.as_of else ""

    @admin.display(description="ordered (UTC)", ordering="created_at")
    def created(self, export: Export) -> str:
        return to_the_second(export.created_at)

    @admin.display(description="finished (UTC)")
    def finished(self, export: Export) -> str:
        return to_the_second(export.finished_at) if export.finished_at else ""

    @display(description="file until (UTC)", ordering="file_expires_at")
    def expires(self, export: Export) -> str:
        return to_the_second(export.file_expires_at) if export.file_expires_at else ""


def _size(count: int | None) -> str:
    if count is None:
        return ""
    size, unit = float(count), 0
    while size >= 1_000 and unit < len(UNITS) - 1:
        size, unit = size / 1_000, unit + 1
    return f"{count} bytes" if unit == 0 else f"{size:.1f} {UNITS[unit]}"
