"""Reads of events: a partner's own, of its key's mode."""

from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.operations import events
from movmo.operations.context import Context
from movmo.operations.models import Event
from partners.event.schemas import EventList, EventView, ListEvents

LARGEST = 2**63 - 1


def page(ctx: Context, request: ListEvents) -> EventList:
    """What follows the cursor. Positions are readable in their order, so that nothing appears behind a cursor later.

    Raises CursorInvalid.
    """
    after = _position(request.cursor)
    rows = Event.objects.filter(
        partner_id=ctx.partner_id, is_live=bool(ctx.caller.is_live_key), position__gt=after
    ).order_by("position")
    if request.types:
        rows = rows.filter(type__in=request.types.split(","))
    if request.subject:
        rows = rows.filter(subject_id=request.subject)
    found = list(rows[: request.limit])
    last = found[-1].position if found else None
    return EventList(
        data=[EventView.model_validate(events.as_told(event)) for event in found],
        next_cursor=cursor.encode([after if last is None else last]),
    )


def _position(text: str | None) -> int:
    if text is None:
        return 0
    match cursor.decode(text):
        case [int(position)] if 0 <= position <= LARGEST:
            return position
    raise CursorInvalid
