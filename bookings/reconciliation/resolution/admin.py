"""Discrepancies in the back office: what each side says, what is at risk, and what can be done about it by whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from bookings.providers import registry
from bookings.reconciliation.models import Discrepancy, Rules, StatementLine
from bookings.reconciliation.office import rules, statement, telling
from bookings.reconciliation.office.asking import ReasonForm, SeenForm, asked, by_of
from bookings.reconciliation.office.listing import ListWithMore
from bookings.reconciliation.resolution import adjustments, countersigning, ending, queries, resyncing, services
from bookings.reconciliation.resolution.models import Countersignature, ManualTask
from bookings.reconciliation.resolution.schemas import Action, By
from bookings.reconciliation.states import STANDING, CaseState
from movmo.kit import bars, clock
from movmo.kit.money import Money
from movmo.operations.admin import ReadOnlyAdmin, to_the_second

COLOURS: dict[str, str] = {
    CaseState.OPEN: "danger",
    CaseState.INVESTIGATING: "warning",
    CaseState.DISPUTED: "warning",
    CaseState.RESOLVED: "success",
    "written off": "info",
    CaseState.GONE: "info",
}
AGES = {"1": "over a day", "7": "over a week", "30": "over 30 days"}
CHANGE = "bookings.change_discrepancy"
OVER = "Over the limit of the rules in force a second person must sign."


class EndForm(ReasonForm, SeenForm):
    """Why, of what was shown: over the version that was, nothing ends."""


class LinkForm(EndForm):
    document = forms.CharField(
        label="Document",
        max_length=40,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Our document's id, or the 13 digits of its ticket.",
    )
    field_order = ("document", "reason")


Run = Callable[[UUID, dict[str, Any], By], str]


def _said(step: Callable[..., Discrepancy]) -> Run:
    def run(pk: UUID, typed: dict[str, Any], by: By) -> str:
        after = step(pk, reason=typed["reason"], by=by, now=clock.now())
        return f"The discrepancy is {after.get_state_display()} now."

    return run


def _comment(pk: UUID, typed: dict[str, Any], by: By) -> str:
    services.comment(pk, text=typed["reason"], by=by, now=clock.now())
    return "Noted."


def _ended(step: Callable[..., ending.Ended]) -> Run:
    """With what the form holds: why, the version that was shown, and of a link the document."""

    def run(pk: UUID, typed: dict[str, Any], by: By) -> str:
        done = step(pk, **typed, by=by, now=clock.now())
        if isinstance(done, Discrepancy):
            return f"The discrepancy is {done.get_state_display()} now."
        return f"Asked, because {done.amount} is at stake. A second person signs or declines it."

    return run


def _look_up(step: Callable[..., resyncing.LookedUp]) -> Run:
    return lambda pk, typed, by: step(pk, by=by, clock=clock.now).told


# What the button says, what the page says before, the form, and what is done. No form: it is asked for nothing but yes.
ACTIONS: dict[Action, tuple[str, str, type[forms.Form], Run]] = {
    Action.NOTE: ("Add a note", "Leave word for whoever comes next.", ReasonForm, _comment),
    Action.INVESTIGATE: ("Investigate", "It becomes yours.", ReasonForm, _said(services.investigate)),
    Action.RESYNC: (
        "Look up at the provider",
        "The provider is asked for the order, and the booking takes over what it says. Compare the statement again "
        "afterwards to see whether the two agree.",
        forms.Form,
        _look_up(resyncing.resync),
    ),
    Action.ACCEPT_THEIRS: (
        "Accept theirs",
        f"An adjustment takes the provider's value over. The booking stays as it is. {OVER}",
        EndForm,
        _ended(ending.accept_theirs),
    ),
    Action.LINK: (
        "Link by hand",
        f"Say which document of ours this line is about. The next comparison goes by it. {OVER}",
        LinkForm,
        _ended(ending.link),
    ),
    Action.ADOPT: (
        "Create the missing booking",
        "The provider is asked for the order. Where it was placed for a booking of ours, that booking takes it over; "
        "else a task is made for a person, because nobody's details are invented.",
        forms.Form,
        _look_up(resyncing.adopt),
    ),
    Action.DISPUTE: ("Dispute", "The provider is told that it is wrong, outside of Movmo.", ReasonForm,
                     _said(services.dispute)),
    Action.WRITE_OFF: ("Write off", f"It is lost. {OVER}", EndForm, _ended(ending.write_off)),
    Action.CLOSE: ("Close", f"Nothing has to be done any more. {OVER}", EndForm, _ended(ending.close)),
    Action.REOPEN: ("Reopen", "It is looked into again. A link by hand ends.", ReasonForm, _said(services.reopen)),
}  # fmt: skip


class ByProvider(admin.SimpleListFilter):
    title, parameter_name = "provider", "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        names = [one.capabilities.provider for one in registry.all_providers()]
        return (
            [(name, name) for name in names] if len(names) > 1 else [*[(name, name) for name in names], ("-", "none")]
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
        return queryset.filter(provider=self.value()) if self.value() else queryset


class ByAge(admin.SimpleListFilter):
    title, parameter_name = "age", "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return list(AGES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
        if self.value() not in AGES:
            return queryset
        return queryset.filter(created_at__lt=clock.now() - timedelta(days=int(self.value() or 0)))


class ByOwner(admin.SimpleListFilter):
    title, parameter_name = "owner", "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("me", "me"), ("nobody", "nobody")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
        if self.value() == "me":
            return queryset.filter(owner_id=request.user.pk)
        return queryset.filter(owner=None) if self.value() == "nobody" else queryset


@admin.register(Discrepancy)
class DiscrepancyAdmin(ListWithMore):
    list_display = ("found", "category", "standing", "at_stake", "provider", "booking", "owner", "age")
    list_filter = ("category", ByProvider, "state", ByAge, ByOwner)
    list_select_related = ("booking", "owner")
    search_fields = ("id__exact", "booking__id__exact", "statement__id__exact", "last_seen__id__exact")
    search_help_text: ClassVar[Any] = "A whole id of it, its booking, its statement or the run that found it last."
    fieldsets = (
        (None, {"fields": ("category", "standing", "resolved_how", "at_stake", "age", "what_to_do")}),
        ("What each side says", {"fields": ("side_by_side", "explanation", "line_told")}),
        ("Whose it is", {"fields": ("owner", "partner", "booking", "statement", "subject")}),
        ("What was said and done", {"fields": ("history", "signatures", "adjusted", "task")}),
        ("Times", {"fields": ("found", "updated", "first_run", "last_run")}),
    )
    readonly_fields = ("standing", "resolved_how", "at_stake", "age", "what_to_do", "side_by_side", "line_told",
                       "history", "signatures", "adjusted", "task", "found", "updated", "first_run",
                       "last_run")  # fmt: skip

    def charts(self) -> list[tuple[str, bars.Chart]]:
        return telling.charts(clock.now())

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.office_actions = self._allowed(request, row)
        return row

    def _allowed(self, request: HttpRequest, row: Discrepancy) -> list[Action]:
        return queries.possible(row) if request.user.has_perm(CHANGE) else []

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.act_view)
        return [path("<uuid:pk>/act/<slug:name>/", page, name="bookings_discrepancy_act"), *super().get_urls()]

    def act_view(self, request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
        if not request.user.has_perm(CHANGE) or not self.has_view_permission(request):
            raise PermissionDenied
        row = Discrepancy.objects.filter(pk=pk).first()
        if name not in ACTIONS or row is None:
            raise Http404
        label, words, form, run = ACTIONS[Action(name)]
        title = f"{label}: {row}, {telling.money(row.at_risk_minor, row.currency)} at risk"
        back = reverse("admin:bookings_discrepancy_change", args=[pk])
        do = lambda typed: run(pk, typed, by_of(request))  # noqa: E731
        seen = {"seen": row.version}
        return asked(self, request, form, do, title=title, words=words, button=label, back=back, initial=seen)

    @admin.display(description="what you can do")
    def what_to_do(self, row: Discrepancy) -> str:
        links = [
            (ACTIONS[action][0], reverse("admin:bookings_discrepancy_act", args=[row.pk, action]))
            for action in getattr(row, "office_actions", [])
        ]
        return telling.buttons(links)

    @display(description="state", ordering="state", label=COLOURS)
    def standing(self, row: Discrepancy) -> str:
        return row.get_state_display()

    @admin.display(description="resolved how")
    def resolved_how(self, row: Discrepancy) -> str:
        return row.resolution.replace("_", " ") or "–"

    @admin.display(description="at risk", ordering="at_risk_minor")
    def at_stake(self, row: Discrepancy) -> str:
        return telling.money(row.at_risk_minor, row.currency)

    @admin.display(description="age")
    def age(self, row: Discrepancy) -> str:
        days = (clock.now() - row.created_at).days
        return f"{days} day{'s' * (days != 1)}" if row.state in STANDING else "–"

    @admin.display(description="first found (UTC)", ordering="id")
    def found(self, row: Discrepancy) -> str:
        return to_the_second(row.created_at)

    @admin.display(description="changed (UTC)")
    def updated(self, row: Discrepancy) -> str:
        return to_the_second(row.updated_at)

    @admin.display(description="side by side")
    def side_by_side(self, row: Discrepancy) -> str:
        return render_to_string("admin/reconciliation/sides.html", {"sides": queries.side_by_side(row)})

    @admin.display(description="line of the statement")
    def line_told(self, row: Discrepancy) -> str:
        line = StatementLine.objects.filter(pk=row.line_id).first() if row.line_id else None
        return f"line {line.line}, {line.get_kind_display()}" if line else "none"

    @admin.display(description="notes")
    def history(self, row: Discrepancy) -> str:
        return render_to_string("admin/reconciliation/notes.html", {"notes": queries.notes(row)})

    @admin.display(description="countersignatures")
    def signatures(self, row: Discrepancy) -> str:
        found = row.countersignatures.order_by("id")
        links = [(str(one), reverse("admin:bookings_countersignature_change", args=[one.pk])) for one in found]
        return telling.buttons(links) if links else "none"

    @admin.display(description="adjustments")
    def adjusted(self, row: Discrepancy) -> str:
        links = [
            (telling.money(one.difference_minor, one.currency), adjustments.link(one))
            for one in row.adjustments.order_by("id")
        ]
        return telling.buttons(links) if links else "none"

    @admin.display(description="left to a person")
    def task(self, row: Discrepancy) -> str:
        one = ManualTask.objects.filter(discrepancy=row).first()
        return f"{one.get_state_display()}: {one.what}" if one else "nothing"

    @admin.display(description="first found by")
    def first_run(self, row: Discrepancy) -> str:
        return telling.buttons([(statement.run_named(row.first_seen), statement.run_link(row.first_seen))])

    @admin.display(description="last found by")
    def last_run(self, row: Discrepancy) -> str:
        return telling.buttons([(statement.run_named(row.last_seen), statement.run_link(row.last_seen))])


@admin.register(Countersignature)
class CountersignatureAdmin(ReadOnlyAdmin):
    """What waits for a second person. Who asked sees no buttons, and is refused if they press them all the same."""

    list_display = ("asked_on", "what", "standing", "amount", "who_asked", "reason")
    list_filter = ("state", "what")
    list_select_related = ("discrepancy", "lock")
    search_fields = ("id__exact", "discrepancy__id__exact", "lock__id__exact", "asked_by__exact")
    search_help_text: ClassVar[Any] = "A whole id of it, of its discrepancy or lock, or of who asked."
    fields = ("what", "standing", "amount", "asked_for", "reason", "who_asked", "asked_on", "discrepancy", "lock",
              "what_to_do", "who_decided", "decided_on", "decision_reason")  # fmt: skip
    readonly_fields = ("standing", "amount", "asked_for", "who_asked", "asked_on", "what_to_do", "who_decided",
                       "decided_on")  # fmt: skip

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            waits = row.state == Countersignature.State.ASKED
            row.may_be_signed = waits and row.asked_by != request.user.pk and _may(request, row)
        return row

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(asker=queries.name_in("asked_by"))

    def get_urls(self) -> list[URLPattern]:
        sign, decline = (self.admin_site.admin_view(page) for page in (self.sign_view, self.decline_view))
        return [
            path("<uuid:pk>/sign/", sign, name="bookings_countersignature_sign"),
            path("<uuid:pk>/decline/", decline, name="bookings_countersignature_decline"),
            *super().get_urls(),
        ]

    def sign_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        return self._decided(request, pk, countersigning.sign, "Sign", "It is carried out at once.")

    def decline_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        return self._decided(request, pk, countersigning.decline, "Decline", "Everything stays as it is.")

    def _decided(
        self, request: HttpRequest, pk: UUID, decide: Callable[..., Countersignature], label: str, words: str
    ) -> HttpResponse:
        row = Countersignature.objects.filter(pk=pk).first()
        if row is None:
            raise Http404
        if not _may(request, row):
            raise PermissionDenied

        def do(typed: dict[str, Any]) -> str:
            after = decide(pk, reason=typed["reason"], by=by_of(request), now=clock.now())
            return f"{after.get_what_display().capitalize()}: {after.state}."

        back = reverse("admin:bookings_countersignature_change", args=[pk])
        asked_for = " ".join(filter(None, [str(row.amount or ""), _terms(row)]))
        told = f"{row.get_what_display().capitalize()}: {asked_for}. Why: {row.reason}. {words}"
        return asked(self, request, ReasonForm, do, title=label, words=told, button=label, back=back)

    @admin.display(description="what you can do")
    def what_to_do(self, row: Countersignature) -> str:
        names = ("sign", "decline") if getattr(row, "may_be_signed", False) else ()
        links = [
            (name.capitalize(), reverse(f"admin:bookings_countersignature_{name}", args=[row.pk])) for name in names
        ]
        return telling.buttons(links)

    @display(description="state", label={"asked": "warning", "signed": "success", "declined": "danger"})
    def standing(self, row: Countersignature) -> str:
        return row.state

    @admin.display(description="amount")
    def amount(self, row: Countersignature) -> Money | str:
        return row.amount or "–"

    @admin.display(description="with")
    def asked_for(self, row: Countersignature) -> str:
        return _terms(row) or "–"

    @admin.display(description="asked (UTC)", ordering="id")
    def asked_on(self, row: Countersignature) -> str:
        return to_the_second(row.asked_at)

    @admin.display(description="decided (UTC)")
    def decided_on(self, row: Countersignature) -> str:
        return to_the_second(row.decided_at) if row.decided_at else "not yet"

    @admin.display(description="asked by")
    def who_asked(self, row: Countersignature) -> str:
        return getattr(row, "asker", None) or queries.name_of(row.asked_by)

    @admin.display(description="decided by")
    def who_decided(self, row: Countersignature) -> str:
        return queries.name_of(row.decided_by)


def _may(request: HttpRequest, row: Countersignature) -> bool:
    return request.user.has_perm(countersigning.right_for(row))


def _terms(row: Countersignature) -> str:
    """What it takes beside the discrepancy or the period."""
    if "tolerances" in row.terms:
        return rules.in_words(Rules(version=row.version + 1, tolerances=row.terms["tolerances"]))
    return f"document {row.terms['document']}" if "document" in row.terms else ""
