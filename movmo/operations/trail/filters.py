"""Filters of the audit trail: whole values, each by its index, and a period by ids."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import TextFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from movmo.operations.admin import as_uuid
from movmo.operations.context import Door
from movmo.operations.models import AuditEvent
from movmo.operations.trail import queries

Lines = QuerySet[AuditEvent]


def user_id_of(typed: str) -> UUID | None:
    if "\0" in typed:  # PostgreSQL's text has none
        return None
    known = as_uuid(typed)
    found: UUID | None = (
        known or get_user_model().objects.filter(email=typed.lower()).values_list("pk", flat=True).first()
    )
    return found


class Whole(TextFilter):
    """What was typed, as a whole."""

    def queryset(self, request: HttpRequest, queryset: Lines) -> Lines:
        typed = (self.value() or "").strip()
        return self.matching(queryset, typed) if typed and "\0" not in typed else queryset

    def matching(self, lines: Lines, typed: str) -> Lines:
        return lines.filter(**{str(self.parameter_name): typed})


class OfUser(Whole):
    """A user's id, or the e-mail address that they have today."""

    title, parameter_name = "user: id or e-mail address", "user"

    def matching(self, lines: Lines, typed: str) -> Lines:
        known = user_id_of(typed)
        return lines.filter(user_id=known) if known else lines.none()


class OfClient(Whole):
    title, parameter_name = "client id", "client"

    def matching(self, lines: Lines, typed: str) -> Lines:
        return lines.filter(client_id=typed)


class OfOperation(Whole):
    title, parameter_name = "operation", "operation"


class OfCode(Whole):
    title, parameter_name = "outcome: done, or a code", "code"


class _Choice(admin.SimpleListFilter):
    """Of columns with few values: asking the table which there are would read it all."""

    values: ClassVar[list[str]] = []

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: Lines) -> Lines:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class OfDoor(_Choice):
    title, parameter_name, values = "door", "door", [door.value for door in Door]


class OfPhase(_Choice):
    title, parameter_name, values = "phase", "phase", [phase.value for phase in AuditEvent.Phase]


class DayForm(forms.Form):
    def __init__(self, name: str, label: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
        self.fields[name] = forms.CharField(label=label, required=False, widget=widget)


class _Day(TextFilter):
    """A day (UTC), as browsers send it. What is none is said, and finds nothing."""

    def queryset(self, request: HttpRequest, queryset: Lines) -> Lines:
        typed = (self.value() or "").strip()
        if not typed:
            return queryset
        try:
            return self.bounded(queryset, date.fromisoformat(typed))
        except (ValueError, OverflowError):
            messages.error(request, "A day is written as 2027-03-01. Nothing is shown.")
            return queryset.none()

    def bounded(self, lines: Lines, day: date) -> Lines:
        raise NotImplementedError

    def choices(self, changelist: Any) -> Iterator[Any]:
        name = str(self.parameter_name)
        yield {"form": DayForm(name=name, label=str(self.title), data={name: self.value()})}


class Since(_Day):
    title, parameter_name = "from the day (UTC)", "since"

    def bounded(self, lines: Lines, day: date) -> Lines:
        return queries.begun(lines, day)


class Until(_Day):
    title, parameter_name = "up to the day (UTC)", "until"

    def bounded(self, lines: Lines, day: date) -> Lines:
        return queries.ended(lines, day)


ALL = (OfUser, OfClient, OfOperation, OfCode, OfDoor, OfPhase, Since, Until)
IN_EXPORTS = {"since": "first_day", "until": "last_day"}
"""How an export calls what is called otherwise here."""


def for_export(address: Mapping[str, Any]) -> dict[str, str]:
    """The filters that are set, as an export takes them: users by their ids. One whom nobody knows stays as typed, so
    that the export's form refuses them: without the filter it would be everybody's lines.
    """
    names = [str(one.parameter_name) for one in ALL]
    chosen = {IN_EXPORTS.get(name, name): str(address[name]).strip() for name in names if address.get(name)}
    if "user" in chosen:
        chosen["user"] = str(user_id_of(chosen["user"]) or chosen["user"])
    return chosen
