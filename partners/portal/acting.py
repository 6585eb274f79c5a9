"""A member who does something for their partner: as features take it, and as the audit trail keeps it."""

from typing import Any
from uuid import UUID

from movmo.kit import clock
from movmo.operations import audit
from movmo.operations.context import Caller, Context, Door
from partners.member.models import Member


def context(member: Member, *, is_live: bool, request_id: str = "") -> Context:
    """One call of the member, for what features keep apart by the mode of a key."""
    caller = Caller(
        door=Door.PAGES,
        user_id=member.user_id,
        partner_id=member.partner_id,
        is_live_key=is_live,
        request_id=request_id,
    )
    return Context(caller=caller, now=clock.now(), clock=clock.now)


def note(member: Member, what: str, about: UUID | None, *, request_id: str, **arguments: Any) -> None:
    """In the transaction of the change. `arguments` hold no secret, and nothing of a person."""
    audit.note(
        what,
        door=Door.PAGES,
        code=audit.DONE,
        user_id=member.user_id,
        partner_id=member.partner_id,
        resource_id=about,
        request_id=request_id,
        arguments=arguments or None,
    )
