"""What can be done about a discrepancy, and by whom."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from movmo.operations.context import Door


class Action(StrEnum):
    NOTE = "note"
    INVESTIGATE = "investigate"
    DISPUTE = "dispute"
    RESYNC = "resync"
    ACCEPT_THEIRS = "accept_theirs"
    LINK = "link"
    WRITE_OFF = "write_off"
    ADOPT = "adopt"
    CLOSE = "close"
    REOPEN = "reopen"


class Resolution(StrEnum):
    """How a discrepancy was closed."""

    ACCEPTED_THEIRS = "accepted_theirs"
    LINKED = "linked"
    WRITTEN_OFF = "written_off"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class By:
    """Who acts: a clerk of ours in the back office, a partner's key, or Movmo itself where neither is named."""

    user_id: UUID | None = None
    partner_id: UUID | None = None
    door: Door = Door.OFFICE
    request_id: str = ""
