"""What staff change by a form or an action of the back office, as lines of the audit trail.

Django writes its own log beside it, which is neither sealed nor kept for as long.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from movmo.kit.text import one_line
from movmo.operations import audit
from movmo.operations.context import Door

ADDED, CHANGED, DELETED = "office_add", "office_change", "office_delete"


class OnTheTrail:
    """Of a ModelAdmin, in front of it. A form calls these in its transaction, an action right after what it did."""

    def log_addition(self: Any, request: HttpRequest, obj: Model, message: Any) -> Any:
        _note(request, ADDED, obj, message)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self: Any, request: HttpRequest, obj: Model, message: Any) -> Any:
        _note(request, CHANGED, obj, message)
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self: Any, request: HttpRequest, queryset: "QuerySet[Any] | Iterable[Model]") -> Any:
        rows = list(queryset)
        for row in rows:
            _note(request, DELETED, row, [])
        return super().log_deletions(request, rows)  # type: ignore[misc]


def _note(request: HttpRequest, what: str, row: Model, message: Any) -> None:
    """Names of fields, never what they hold: that is for the row's own history."""
    about = {"table": row._meta.label_lower, "row": str(row.pk), **_said(message)}
    audit.note(
        what,
        door=Door.OFFICE,
        code=audit.DONE,
        user_id=request.user.pk,
        resource_id=row.pk if isinstance(row.pk, UUID) else None,
        arguments=about,
    )


def _said(message: Any) -> dict[str, Any]:
    """A form's message lists what it changed; an action's is a sentence of ours, in which no person is named."""
    if isinstance(message, str):
        return {"said": one_line(message)[:200]} if message else {}
    fields = {field for part in message for change in part.values() for field in change.get("fields", [])}
    return {"fields": sorted(fields)} if fields else {}
