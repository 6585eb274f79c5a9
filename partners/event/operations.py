"""The list of events, declared. For back ends: agents read the booking they are about."""

from movmo.kit.cursor import CursorInvalid
from movmo.operations.context import Context
from movmo.operations.spec import GET, Credentials, Effect, operation
from partners.event import queries
from partners.event.schemas import EventList, ListEvents


@operation(
    "list_events",
    rest=GET("/v1/partner/events"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid,),
    tool=False,
)
def list_events(ctx: Context, request: ListEvents) -> EventList:
    """List what happened

    The events of your bookings and webhook endpoints, oldest first, for 30 days; of test keys' bookings for a test key,
    of live ones for a live key. Keep `next_cursor` and send it as `cursor` to hear what came since: nothing is skipped,
    and a page that holds nothing has one too. Not for one booking's present state: read that. Next: webhook endpoints,
    to be told instead of asking.
    """
    return queries.page(ctx, request)
