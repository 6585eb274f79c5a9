"""What is told of a discrepancy, and what can be done about one as it stands."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Subquery

from bookings.reconciliation.models import Discrepancy, DiscrepancyNote
from bookings.reconciliation.resolution.schemas import Action
from bookings.reconciliation.states import STANDING, CaseState
from movmo.accounts.models import User
from movmo.kit.errors import DomainError
from movmo.kit.money import Money

MOST_NOTES = 100


class Side(NamedTuple):
    name: str
    ours: str
    theirs: str
    differs: bool


class Note(NamedTuple):
    at: Any
    who: str
    before: str
    after: str
    text: str


def possible(row: Discrepancy) -> list[Action]:
    """In the order in which they are shown."""
    if row.state not in STANDING:
        return [
            Action.NOTE,
            *([Action.REOPEN] if row.state in (CaseState.RESOLVED, CaseState.WRITTEN_OFF) else []),
        ]
    found = [Action.NOTE, Action.INVESTIGATE]
    if row.booking_id or row.line_id:
        found.append(Action.RESYNC)
    found.append(Action.ACCEPT_THEIRS)
    if row.line_id:
        found.append(Action.LINK)
    if row.line_id and not row.booking_id:
        found.append(Action.ADOPT)
    if row.state != CaseState.DISPUTED:
        found.append(Action.DISPUTE)
    return [*found, Action.WRITE_OFF, Action.CLOSE]


def side_by_side(row: Discrepancy) -> list[Side]:
    """Every value that either side tells. What only one tells is no difference of values."""
    sides = []
    for name in dict.fromkeys([*row.ours, *row.theirs]):
        ours, theirs = (value_of(side, name) for side in (row.ours, row.theirs))
        differs = bool(ours and theirs and ours != theirs)
        sides.append(Side(label_of(name), ours, theirs, differs))
    return sides


def label_of(name: str) -> str:
    """Of a value, as people say it: amount of amount_minor."""
    return name.removesuffix("_minor").replace("_", " ")


def value_of(side: dict[str, Any], name: str) -> str:
    """Amounts as people write them, where their currency is known."""
    value = side.get(name)
    if value is None:
        return ""
    try:
        return str(Money(value, side["currency"])) if name.endswith("_minor") else str(value)
    except (KeyError, DomainError):
        return str(value)


def notes(row: Discrepancy) -> list[Note]:
    """The newest first."""
    found = list(row.notes.order_by("-id")[:MOST_NOTES])
    names = _names(note.author_id for note in found)
    return [Note(one.at, _author(one, names), one.before, one.after, one.text) for one in found]


def _author(note: DiscrepancyNote, names: dict[UUID, str]) -> str:
    return names.get(note.author_id, "somebody") if note.author_id else "Movmo"


def _names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    return dict(User.objects.filter(pk__in={id_ for id_ in ids if id_}).values_list("pk", "email"))


def name_of(user_id: UUID | None) -> str:
    """A clerk's address; of somebody who is gone, their id."""
    return _names([user_id]).get(user_id, str(user_id)) if user_id else "nobody yet"


def name_in(column: str) -> Subquery:
    """The same of each row of a list, whose `column` holds somebody's id."""
    return Subquery(User.objects.filter(pk=OuterRef(column)).values("email")[:1])
