"""The History page of a row in the back office: who changed what, when, from which value to which."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from movmo.operations.admin import ItsFiltersOnly, ItsRowsOnly
from movmo.operations.history import KEPT
from movmo.operations.trail.office import OnTheTrail

MOST = 200
OWN = ("history_id", "history_date", "history_change_reason", "history_type", "history_user_id", "who")
DONE = {"+": "made", "~": "changed", "-": "deleted"}


class Value(NamedTuple):
    name: str
    before: str
    after: str


class Change(NamedTuple):
    at: datetime
    who: str
    what: str
    values: list[Value]


class WithHistory(OnTheTrail, ItsFiltersOnly, ItsRowsOnly, ModelAdmin):  # type: ignore[misc]
    """`parts` are models whose rows belong to this one, each with the foreign key that says so."""

    object_history_template = "admin/history.html"
    parts: ClassVar[Sequence[tuple[type[models.Model], str]]] = ()

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        told = changes_of(self.model, "pk", object_id)
        for model, key in self.parts:
            told += changes_of(model, key, object_id)
        told = sorted(told, key=lambda change: change.at, reverse=True)[:MOST]
        shown = {"changes": told, "most": MOST, **(extra_context or {})}
        return super().history_view(request, object_id, shown)


def changes_of(model: type[models.Model], key: str, pk: str) -> list[Change]:
    """The newest MOST changes of the rows with this key; none where it is no key."""
    rows_of = KEPT[model].manager_name
    column = model._meta.pk.attname if key == "pk" else key
    try:
        rows = list(getattr(model, rows_of).filter(**{column: pk})[: MOST + 1])
    except (ValidationError, ValueError):
        return []
    people = _people(rows)
    return [
        Change(row.history_date, people.get(row.history_user_id) or row.who or "somebody who is gone", *told)
        for row, told in _told(model, rows)
    ][:MOST]


def _people(rows: Sequence[Any]) -> dict[Any, str]:
    ids = {row.history_user_id for row in rows} - {None}
    found = get_user_model()._default_manager.filter(pk__in=ids)
    return dict(found.values_list("pk", "email"))


def _told(model: type[models.Model], rows: Sequence[Any]) -> Iterator[tuple[Any, tuple[str, list[Value]]]]:
    """Each row with what it changed. A change of nothing that is kept here is left out, so is the last row of a page
    that is too long, whose `before` is not there."""
    name, whole = str(model._meta.verbose_name), len(rows) <= MOST
    by_row: dict[Any, list[Any]] = {}
    for row in rows:
        by_row.setdefault(getattr(row, model._meta.pk.attname), []).append(row)
    for versions in by_row.values():
        for after, before in pairwise([*versions, None]):
            if before is None and not whole and after.history_type != "+":
                continue
            values = [] if after.history_type == "-" else list(_differences(before, after))
            if values or after.history_type != "~":
                yield after, (f"{name} {DONE[after.history_type]}", values)


def _differences(before: Any, after: Any) -> Iterator[Value]:
    for field in after._meta.concrete_fields:
        if field.name in (*OWN, after.instance_type._meta.pk.name):
            continue
        old, new = (None if row is None else getattr(row, field.attname) for row in (before, after))
        if old != new and not (before is None and new in ("", None, [])):
            shown = ["" if row is None else _shown(row, field) for row in (before, after)]
            yield Value(str(field.verbose_name), *shown)


def _shown(row: Any, field: Any) -> str:
    value = getattr(row, field.attname)
    if isinstance(field, models.ForeignKey) and value is not None:
        try:
            value = getattr(row, field.name)
        except ObjectDoesNotExist:
            return f"{value} (gone)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
