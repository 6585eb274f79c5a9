"""Whether the people of a question are still who they were when it was put: told by the room that keeps them."""

from collections.abc import Callable, Iterable
from uuid import UUID

from movmo.kit.errors import DomainError, Kind
from movmo.operations.approval.proposal import Person

Look = Callable[[UUID, list[Person]], bool]
"""Of a traveler's saved people: True if none of them is another by now, and none becomes it before the transaction
ends."""

_look: Look | None = None


class PersonChanged(DomainError):
    kind = Kind.CONFLICT
    code = "person_changed"
    message = "Somebody whom this question is about has another name or date of birth by now."
    hint = "Decline it, or leave it. If the application asks again, a new question appears under Approvals."


def install(look: Look) -> None:
    """At start-up."""
    global _look
    _look = look


def check(user_id: UUID, people: Iterable[Person]) -> None:
    """Raises PersonChanged."""
    assert _look is not None, "installed at start-up"
    if not _look(user_id, list(people)):
        raise PersonChanged
