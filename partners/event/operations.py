"""The list of events, declared. For back ends: agents read the booking they are about."""

from datetime import date

from movmo.kit.cursor import CursorInvalid
from movmo.operations.context import Context
from movmo.operations.spec import GET, Credentials, Deprecation, Effect, operation
from partners.event import queries
from partners.event.schemas import EventList, EventPage, ListEvents, ListEventsV2


@operation(
    "list_events",
    rest=GET("/v1/partner/events"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid,),
    tool=False,
    deprecated=Deprecation("list_events_v2", since=date(2026, 11, 20), sunset=date(2027, 6, 1)),
)
def list_events(ctx: Context, request: ListEvents) -> EventList:
    """List what happened

    The events of your bookings, approvals and webhook endpoints, oldest first, for 30 days; of test keys' bookings for
    a test key, of live ones for a live key. Keep `next_cursor` and send it as `cursor` to hear what came since: nothing
    is skipped, and a page that holds nothing has one too. Not for one booking's present state: read that. Next:
    list_events_v2, whose first page you ask for with `since`; cursors of this list do not go on there.
    """
    return queries.page(ctx, request)


@operation(
    "list_events_v2",
    rest=GET("/v1/partner/events/v2"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid,),
    tool=False,
)
def list_events_v2(ctx: Context, request: ListEventsV2) -> EventPage:
    """List what happened

    The events of your bookings, approvals and webhook endpoints, oldest first, for 30 days; of test keys' bookings for
    a test key, of live ones for a live key. Begin with `since`, or with all that is there. Keep `next_cursor` and send
    it as `cursor`, with the same filters, to hear what came since: nothing is skipped and nothing comes twice. A page
    that holds nothing has one too; where `has_more` is true, go on at once. Not for one booking's present state: read
    that. Next: webhook endpoints, to be told instead of asking.
    """
    return queries.page_v2(ctx, request)
