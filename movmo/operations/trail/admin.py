"""The audit trail for staff: who did what, call by call, and whether the trail is as it was written."""

import json
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html
from unfold.paginator import InfinitePaginator

from movmo.kit import clock
from movmo.operations import rights
from movmo.operations.admin import ReadOnlyAdmin, as_uuid, to_the_second
from movmo.operations.models import AuditEvent, AuditVerification
from movmo.operations.trail import filters, queries, services
from movmo.operations.trail.services import VerificationUnderWay

State = AuditVerification.State
GOOD, BAD, NEUTRAL = (
    f"font-semibold text-{colour}"
    for colour in ("green-700 dark:text-green-400", "red-700 dark:text-red-400", "base-600 dark:text-base-300")
)
NO_LINE = UUID(int=0)
HEAD = (
    '<details><summary class="cursor-pointer">Show</summary><span style="overflow-wrap: anywhere">{}</span></details>'
)
COLOURS = {State.WHOLE: GOOD, State.BROKEN: BAD}


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """A page per call: its intent and its outcome together, from whichever of the two lines one comes."""

    paginator = InfinitePaginator
    list_before_template = "admin/audit_trail.html"  # type: ignore[assignment]
    list_display = ("when", "operation", "phase", "outcome", "door", "user_id", "client_id", "duration_ms")
    list_filter = filters.ALL
    list_filter_submit = True
    ordering = ("-id",)
    sortable_by = ()
    search_fields = (
        "call_id__exact",
        "request_id__exact",
        "user_id__exact",
        "partner_id__exact",
        "resource_id__exact",
    )
    search_help_text: ClassVar[Any] = "A whole call id, request id, user id, partner id or resource id."
    fieldsets = (
        (None, {"fields": ("operation", "door", "call")}),
        ("Who asked", {"fields": ("user_id", "partner_id", "client_id")}),
        ("What belongs together", {"fields": ("call_id", "request_id", "resource_id", "approval_id")}),
    )
    readonly_fields = ("call",)

    def matching(self, term: str) -> Q:
        return Q(pk__in=queries.found(term, as_uuid(term)) or {NO_LINE})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        may_verify = request.user.has_perm("operations.view_auditverification")
        shown: dict[str, Any] = {
            "last_verification": AuditVerification.objects.order_by("-id").first() if may_verify else None,
            "may_see_verifications": may_verify,
            "export_filters": urlencode(filters.for_export(request.GET)),
        }
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    @admin.display(description="at (UTC)")
    def when(self, event: AuditEvent) -> str:
        return to_the_second(event.at)

    @admin.display(description="outcome")
    def outcome(self, event: AuditEvent) -> str:
        return event.code or "–"

    @admin.display(description="what happened")
    def call(self, event: AuditEvent) -> str:
        lines = queries.of_call(event.call_id)
        places = queries.places(line.pk for line in lines)
        shown = [
            {
                "line": line,
                "at": to_the_second(line.at),
                "place": places.get(line.pk),
                "arguments": _as_text(line.arguments),
            }
            for line in lines
        ]
        return render_to_string("admin/audit_call.html", {"lines": shown})


def _as_text(arguments: Any) -> str:
    """As they are kept: what must not be read was taken out before they were written."""
    return "" if arguments is None else json.dumps(arguments, indent=2, ensure_ascii=False, sort_keys=True)


@admin.register(AuditVerification)
class AuditVerificationAdmin(ReadOnlyAdmin):
    """What came out of reading the whole trail again, when, and who asked for it."""

    paginator = InfinitePaginator
    list_before_template = "admin/verify_audit.html"  # type: ignore[assignment]
    list_display = ("asked", "result", "read", "by", "ended")
    ordering = ("-id",)
    sortable_by = ()
    fields = ("asked", "by", "result", "read", "ended", "told", "signed_at", "signed")
    readonly_fields = fields

    class Media:
        js = ("movmo/under-way.js",)

    def get_urls(self) -> list[URLPattern]:
        verify = self.admin_site.admin_view(self.verify_view)
        return [path("verify/", verify, name="operations_auditverification_verify"), *super().get_urls()]

    def verify_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(rights.VERIFY_AUDIT):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            services.ask(clerk_id=request.user.pk, now=clock.now())  # type: ignore[arg-type]
        except VerificationUnderWay as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "The trail is being read. The result will stand here.")
        return redirect("admin:operations_auditverification_changelist")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        shown: dict[str, Any] = {
            "may_verify": request.user.has_perm(rights.VERIFY_AUDIT),
            "run": AuditVerification.objects.filter(is_under_way=True).first(),
        }
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    @admin.display(description="asked (UTC)")
    def asked(self, run: AuditVerification) -> str:
        return to_the_second(run.asked_at)

    @admin.display(description="ended (UTC)", empty_value="not yet")
    def ended(self, run: AuditVerification) -> str | None:
        return to_the_second(run.ended_at) if run.ended_at else None

    @admin.display(description="asked by")
    def by(self, run: AuditVerification) -> str:
        clerk = get_user_model().objects.filter(pk=run.clerk_id).first()
        return str(clerk) if clerk else str(run.clerk_id)

    @admin.display(description="result")
    def result(self, run: AuditVerification) -> str:
        words = run.get_state_display()
        if run.problems:
            count = len(run.problems)
            words = f"broken: {count} problem{'' if count == 1 else 's'}, the first {_where(run.problems[0])}"
        return format_html('<span class="{}">{}</span>', COLOURS.get(State(run.state), NEUTRAL), words)

    @admin.display(description="lines read")
    def read(self, run: AuditVerification) -> str:
        return f"{run.lines:,} of about {run.expected:,}" if run.is_under_way else f"{run.lines:,}"

    @admin.display(description="what was found", empty_value="nothing")
    def told(self, run: AuditVerification) -> str | None:
        if not run.problems:
            return None
        problems = [{"where": _where(one), "detail": one["detail"]} for one in run.problems]
        return render_to_string("admin/audit_problems.html", {"problems": problems})

    @admin.display(description="last signed ends of the chains (UTC)", empty_value="none yet")
    def signed_at(self, run: AuditVerification) -> str | None:
        return to_the_second(run.head_at) if run.head_at else None

    @admin.display(description="as they were signed and logged", empty_value="–")
    def signed(self, run: AuditVerification) -> str | None:
        return format_html(HEAD, run.head) if run.head else None


def _where(problem: dict[str, Any]) -> str:
    if problem["shard"] is None:
        return str(problem["kind"])
    return f"{problem['kind']} in chain {problem['shard']} at {problem['place']}"
