"""Reads of events: a partner's own, of its key's mode."""

from django.db.models import QuerySet

from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import InvalidArguments
from movmo.operations import events
from movmo.operations.context import Context
from movmo.operations.models import Event
from partners.event import cursors
from partners.event.schemas import EventList, EventPage, EventView, ListEvents, ListEventsV2

LARGEST = 2**63 - 1


def page(ctx: Context, request: ListEvents) -> EventList:
    """What follows the cursor. Positions are readable in their order, so that nothing appears behind a cursor later.

    Raises CursorInvalid.
    """
    after = _position(request.cursor)
    found = list(_asked_for(request, _following(after, ctx))[: request.limit])
    last = found[-1].position if found else None
    return EventList(data=_told(found), next_cursor=cursor.encode([after if last is None else last]))


def page_v2(ctx: Context, request: ListEventsV2) -> EventPage:
    """The same. Where nothing more was asked for, the cursor passes what was not: a reader of rare types reads no event
    twice. Raises CursorInvalid, and InvalidArguments for types that there are not.
    """
    _refuse_unknown(request.types)
    after = cursors.opened(request.cursor, ctx)
    following = _following(after, ctx)
    # Read before the page is: an event that becomes readable in between must not be passed.
    reached = following.order_by("-position").values_list("position", flat=True).first() or after
    wanted = _asked_for(request, following)
    if request.since:
        wanted = wanted.filter(created_at__gte=request.since)
    read = list(wanted[: request.limit + 1])
    shown, has_more = read[: request.limit], len(read) > request.limit
    last = shown[-1].position or after if shown else after
    return EventPage(
        data=_told(shown),
        next_cursor=cursors.sealed(last if has_more else max(last, reached), ctx),
        has_more=has_more,
    )


def _position(text: str | None) -> int:
    if text is None:
        return 0
    match cursor.decode(text):
        case [int(position)] if 0 <= position <= LARGEST:
            return position
    raise CursorInvalid


def _following(after: int, ctx: Context) -> QuerySet[Event]:
    return Event.objects.filter(
        partner_id=ctx.partner_id, is_live=bool(ctx.caller.is_live_key), position__gt=after
    ).order_by("position")


def _asked_for(request: ListEvents, rows: QuerySet[Event]) -> QuerySet[Event]:
    if request.types:
        rows = rows.filter(type__in=request.types.split(","))
    if request.subject:
        rows = rows.filter(subject_id=request.subject)
    return rows


def _refuse_unknown(types: str | None) -> None:
    """A misspelled type would be waited for in vain."""
    unknown = [name for name in types.split(",") if not events.is_declared(name)] if types else []
    if unknown:
        told = f"There are no events of the type {', '.join(unknown)}; `webhooks` in the OpenAPI document names all."
        raise InvalidArguments({"/types": told})


def _told(found: list[Event]) -> list[EventView]:
    return [EventView.model_validate(events.as_told(event)) for event in found]
