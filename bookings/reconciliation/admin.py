"""Statements and their comparisons in the back office: upload, look, accept, compare again; the rules they go by."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Value
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from unfold.decorators import display

from bookings.reconciliation import queries, services
from bookings.reconciliation.lock import admin as lock
from bookings.reconciliation.models import ColumnMapping, Discrepancy, Rules, Run, Statement
from bookings.reconciliation.office import mapping, pulling, rules, statement, telling
from bookings.reconciliation.office.asking import SeenForm, asked, by_of
from bookings.reconciliation.office.listing import Buttons, ListWithMore
from bookings.reconciliation.pull import admin as pull
from bookings.reconciliation.refusals import MOST_BYTES, StatementTooLarge
from bookings.reconciliation.resolution import adjustments
from bookings.reconciliation.resolution import admin as resolution
from bookings.reconciliation.resolution import queries as people
from bookings.reconciliation.states import WAITING, StatementState
from movmo.kit import clock
from movmo.operations.admin import to_the_second

__all__ = ["RulesAdmin", "RunAdmin", "StatementAdmin", "adjustments", "lock", "pull", "resolution"]

OF_STATEMENT = {"received": "info", "staged": "warning", "accepted": "info", "reconciled": "success",
                "refused": "danger"}  # fmt: skip
ADD, CHANGE = "bookings.add_statement", "bookings.change_statement"


@admin.register(Statement)
class StatementAdmin(ListWithMore):
    list_display = ("file_name", "provider", "of_stream", "period", "standing", "lines", "bad", "created")
    list_filter = ("state", "stream", "source")
    search_fields = ("id__exact", "sha256__exact", "partner__id__exact")
    search_help_text: ClassVar[Any] = "A whole id of it or of its partner, or the SHA-256 of its file."
    fieldsets = (
        (None, {"fields": ("file_name", "standing", "period", "problem", "what_to_do")}),
        ("What was read", {"fields": ("lines", "bad", "totals_told", "errors_told")}),
        ("Comparisons", {"fields": ("runs_told",)}),
        ("The file", {"fields": ("provider", "partner", "stream", "source", "format", "mapping", "file_bytes",
                                 "digest", "is_auto_accepted", "sender", "accepter")}),
        ("Times", {"fields": ("created", "updated")}),
    )  # fmt: skip
    readonly_fields = ("standing", "period", "what_to_do", "lines", "bad", "totals_told", "errors_told", "runs_told",
                       "digest", "sender", "accepter", "created", "updated")  # fmt: skip

    class Media:
        js = ("movmo/under-way.js",)

    def buttons(self, request: HttpRequest) -> Buttons:
        if not request.user.has_perm(ADD):
            return []
        upload, pull = (reverse(f"admin:bookings_statement_{name}") for name in ("upload", "pull"))
        return [("Upload a statement", upload), ("Pull now", pull)]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            may_change = request.user.has_perm(CHANGE)
            note = statement.needs_colleague(row, by=by_of(request).user_id) if may_change else ""
            row.office_actions = statement.possible(row, may_accept=not note) if may_change else []
            row.office_note = note
        return row

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act_view)
        # Outside of the check of its form: that would read a file of any length before it could be refused.
        upload = self.admin_site.admin_view(csrf_exempt(self.upload_view))
        return [
            path("upload/", upload, name="bookings_statement_upload"),
            path("pull/", self.admin_site.admin_view(self.pull_view), name="bookings_statement_pull"),
            path("<uuid:pk>/act/<slug:name>/", act, name="bookings_statement_act"),
            *super().get_urls(),
        ]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(ADD):
            raise PermissionDenied
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.method == "POST" and length.isdigit() and int(length) > MOST_BYTES:
            refusal = StatementTooLarge(bytes=int(length), limit=MOST_BYTES)
            return HttpResponse(f"{refusal.text} {refusal.hint}", status=413, content_type="text/plain; charset=utf-8")
        return csrf_protect(self._upload)(request)

    def _upload(self, request: HttpRequest) -> HttpResponse:
        received: list[Statement] = []

        def do(typed: dict[str, Any]) -> str:
            now = clock.now()
            received.append(statement.receive(typed, by=by_of(request), now=now))
            return statement.said_of(received[0], now=now)

        answer = asked(
            self,
            request,
            statement.UploadForm,
            do,
            title="Upload a statement",
            words="Nothing is compared before its preview was looked at and accepted: by a colleague where it comes to "
            "more than one person alone may end, else by you. The same file twice is one statement.",
            button="Upload",
            back=reverse("admin:bookings_statement_changelist"),
        )
        if received:
            answer["Location"] = reverse("admin:bookings_statement_change", args=[received[0].pk])
        return answer

    def pull_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(ADD):
            raise PermissionDenied

        def do(typed: dict[str, Any]) -> str:
            return pulling.pull(typed, by=by_of(request))

        back = reverse("admin:bookings_statement_changelist")
        title, words = "Pull a provider's statements", pulling.WORDS
        return asked(self, request, pulling.PullForm, do, title=title, words=words, button="Pull now", back=back)

    def act_view(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        if not request.user.has_perm(CHANGE) or not self.has_view_permission(request):
            raise PermissionDenied
        row = Statement.objects.filter(pk=pk).first()
        if row is None or name not in statement.ACTIONS:
            raise Http404
        label, words, form, run = statement.ACTIONS[name]
        about: dict[str, Any] = {"title": f"{label}: {row.file_name}", "words": words, "initial": {}}
        if issubclass(form, SeenForm):
            about |= {"words": f"{statement.shown(row)} {words}", "initial": {"seen": row.fence}}

        def do(typed: dict[str, Any]) -> str:
            return run(row, typed, by_of(request))

        back = reverse("admin:bookings_statement_change", args=[pk])
        return asked(self, request, form, do, button=label, back=back, **about)

    @admin.display(description="what you can do")
    def what_to_do(self, row: Statement) -> str:
        if row.state in WAITING:
            return telling.under_way(row.state)
        if services.is_running(row):
            return telling.under_way(StatementState.ACCEPTED)
        links = [
            (statement.ACTIONS[name][0], reverse("admin:bookings_statement_act", args=[row.pk, name]))
            for name in getattr(row, "office_actions", [])
        ]
        return telling.noted(getattr(row, "office_note", ""), telling.buttons(links))

    @display(description="state", label=OF_STATEMENT)
    def standing(self, row: Statement) -> str:
        return row.state

    @admin.display(description="stream", ordering="stream")
    def of_stream(self, row: Statement) -> str:
        return row.stream

    @admin.display(description="period", ordering="period_start")
    def period(self, row: Statement) -> str:
        one_day = row.period_start == row.period_end
        return str(row.period_start) if one_day else f"{row.period_start} to {row.period_end}"

    @admin.display(description="lines")
    def lines(self, row: Statement) -> str:
        return f"{row.counts.get('lines', 0):,}"

    @admin.display(description="bad lines")
    def bad(self, row: Statement) -> str:
        return f"{row.counts.get('bad', 0):,}"

    @admin.display(description="totals")
    def totals_told(self, row: Statement) -> str:
        return statement.totals(row)

    @admin.display(description="bad lines, by number")
    def errors_told(self, row: Statement) -> str:
        told = [(one.line, one.column or "–", one.message, one.text) for one in services.preview(row).errors]
        heads, bad = ("Line", "Column", "What is wrong", "Text, masked"), row.counts.get("bad", 0)
        return telling.table("Bad lines", heads, told, numbers=heads[:1], texts=heads[2:], none="None.", all_of=bad)

    @admin.display(description="runs")
    def runs_told(self, row: Statement) -> str:
        return statement.runs(row)

    @admin.display(description="SHA-256")
    def digest(self, row: Statement) -> str:
        """It may break where a telephone's page ends."""
        return format_html_join("", "{}<wbr>", ((row.sha256[at : at + 16],) for at in range(0, 64, 16)))

    @admin.display(description="sent in by")
    def sender(self, row: Statement) -> str:
        return people.name_of(row.uploaded_by) if row.uploaded_by else "–"

    @admin.display(description="accepted by")
    def accepter(self, row: Statement) -> str:
        return people.name_of(row.accepted_by) if row.accepted_by else "–"

    @admin.display(description="received (UTC)", ordering="id")
    def created(self, row: Statement) -> str:
        return to_the_second(row.created_at)

    @admin.display(description="changed (UTC)")
    def updated(self, row: Statement) -> str:
        return to_the_second(row.updated_at)


@admin.register(Run)
class RunAdmin(ListWithMore):
    list_display = ("number", "statement", "standing", "compared", "new", "changed", "same", "gone")
    list_filter = ("state",)
    list_select_related = ("statement",)
    search_fields = ("id__exact", "statement__id__exact")
    search_help_text: ClassVar[Any] = "A whole id of it or of its statement."
    fieldsets = (
        (None, {"fields": ("statement", "number", "standing", "compared", "finished", "rules", "found")}),
        ("Totals", {"fields": ("counts_told", "totals_told")}),
        ("Against the run before", {"fields": ("previous", "new", "changed", "same", "gone", "changes_told")}),
    )
    readonly_fields = ("standing", "compared", "finished", "found", "counts_told", "totals_told", "changes_told")

    @display(description="state", label={"done": "success", "running": "info", "failed": "danger"})
    def standing(self, row: Run) -> str:
        return row.state

    @admin.display(description="as of (UTC)", ordering="id")
    def compared(self, row: Run) -> str:
        return to_the_second(row.as_of)

    @admin.display(description="finished (UTC)")
    def finished(self, row: Run) -> str:
        return to_the_second(row.finished_at) if row.finished_at else "not yet"

    @admin.display(description="its discrepancies")
    def found(self, row: Run) -> str:
        listed = reverse("admin:bookings_discrepancy_changelist")
        number = Discrepancy.objects.filter(last_seen=row).count()
        later = Run.objects.filter(statement=row.statement_id, number__gt=row.number)
        since = later.filter(state=Run.State.DONE).exists()
        words = f"{number:,} found by this run{' and by none since' if since else ''}"
        return telling.buttons([(words, f"{listed}?q={row.pk}")])

    @admin.display(description="counts")
    def counts_told(self, row: Run) -> str:
        return statement.counts(row)

    @admin.display(description="money, by currency and class")
    def totals_told(self, row: Run) -> str:
        return statement.money_by_class(row)

    @admin.display(description="what is different")
    def changes_told(self, row: Run) -> str:
        return statement.changes(row)


@admin.register(Rules)
class RulesAdmin(ListWithMore):
    """Versions: what is saved is never changed, it is followed by another."""

    list_display = ("version", "reason", "in_force", "created")
    search_fields = ("id__exact",)
    search_help_text: ClassVar[Any] = "A whole id."
    fields = ("version", "in_force", "told", "reason", "created")
    readonly_fields = ("in_force", "told", "created")
    ordering = ("-version",)

    def buttons(self, request: HttpRequest) -> Buttons:
        return (
            [("Make a new version", reverse("admin:bookings_rules_new"))]
            if request.user.has_perm("bookings.add_rules")
            else []
        )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(newest=Value(getattr(queries.rules_in_force(), "version", 0)))

    def get_urls(self) -> list[URLPattern]:
        return [path("new/", self.admin_site.admin_view(self.new_view), name="bookings_rules_new"), *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("bookings.add_rules"):
            raise PermissionDenied

        def do(typed: dict[str, Any]) -> str:
            return rules.made(typed, by=by_of(request), now=clock.now())

        back = reverse("admin:bookings_rules_changelist")
        in_force = queries.rules_in_force()
        words = f"In force: {rules.in_words(in_force)}."
        return asked(
            self,
            request,
            rules.RulesForm,
            do,
            title="A new version of the rules",
            words=words,
            button="Save",
            back=back,
            initial={"tolerances": "\n".join(rules.in_lines(in_force))},
        )

    @admin.display(description="in force", boolean=True)
    def in_force(self, row: Rules) -> bool:
        return row.version == getattr(row, "newest", None)

    @admin.display(description="tolerances")
    def told(self, row: Rules) -> str:
        return rules.in_words(row)

    @admin.display(description="made (UTC)")
    def created(self, row: Rules) -> str:
        return to_the_second(row.created_at)


@admin.register(ColumnMapping)
class ColumnMappingAdmin(ListWithMore):
    list_display = ("name", "provider", "partner", "divided_by", "date_format")
    list_select_related = ("partner",)
    search_fields = ("id__exact", "name__exact")
    search_help_text: ClassVar[Any] = "A whole id or name."
    fields = ("name", "provider", "partner", "divided_by", "columns_told", "kinds_told", "decimal_comma", "date_format",
              "made")  # fmt: skip
    readonly_fields = ("divided_by", "columns_told", "kinds_told", "made")

    def buttons(self, request: HttpRequest) -> Buttons:
        return (
            [("Add a mapping", reverse("admin:bookings_columnmapping_new"))]
            if request.user.has_perm("bookings.add_columnmapping")
            else []
        )

    def get_urls(self) -> list[URLPattern]:
        new = self.admin_site.admin_view(self.new_view)
        return [path("new/", new, name="bookings_columnmapping_new"), *super().get_urls()]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("bookings.add_columnmapping"):
            raise PermissionDenied

        def do(typed: dict[str, Any]) -> str:
            return f"{mapping.make(typed, by=by_of(request), now=clock.now()).name} can be chosen for uploads."

        back = reverse("admin:bookings_columnmapping_changelist")
        words = "Which column of somebody else's CSV is which of ours. A mapping is not changed: add another."
        return asked(
            self, request, mapping.MappingForm, do, title="A column mapping", words=words, button="Save", back=back
        )

    @admin.display(description="delimiter")
    def divided_by(self, row: ColumnMapping) -> str:
        return dict(mapping.DELIMITERS).get(row.delimiter, row.delimiter)

    @admin.display(description="columns")
    def columns_told(self, row: ColumnMapping) -> str:
        return telling.table("Columns", ("Ours", "Theirs"), row.columns.items())

    @admin.display(description="kinds")
    def kinds_told(self, row: ColumnMapping) -> str:
        told = [(ours, theirs) for theirs, ours in row.kinds.items()]
        return telling.table("Kinds", ("Ours", "Theirs"), told, none="Theirs are ours.")

    @admin.display(description="made (UTC)")
    def made(self, row: ColumnMapping) -> str:
        return to_the_second(row.created_at)
