"""Who takes a step of a booking: a person through a door, the airline, or Movmo's own workers."""

from dataclasses import dataclass
from uuid import UUID

from movmo.operations.context import Caller


@dataclass(frozen=True, slots=True)
class Actor:
    """`who` is traveler, staff, airline or movmo; `via` the door and the client of a person's call."""

    who: str
    via: str = ""
    user_id: UUID | None = None

    @classmethod
    def of(cls, caller: Caller) -> "Actor":
        return cls("traveler", f"{caller.door} {caller.client_id or ''}".strip()[:100], caller.user_id)


MOVMO = Actor("movmo")
AIRLINE = Actor("airline")
