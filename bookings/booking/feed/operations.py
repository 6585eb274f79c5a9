"""The feed of a partner's bookings, declared. For back ends: agents listen to a booking, or read it."""

from bookings.booking.feed import services
from bookings.booking.feed.schemas import FeedPage, ReadFeed
from movmo.kit.cursor import CursorInvalid
from movmo.operations.context import Context
from movmo.operations.spec import GET, Credentials, Effect, operation


@operation(
    "list_partner_bookings",
    rest=GET("/v1/partner/bookings"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid,),
    tool=False,
)
def list_partner_bookings(ctx: Context, request: ReadFeed) -> FeedPage:
    """List your bookings as they change

    To keep a copy of your own: every booking made with your keys of this mode, each as it is now, and again whenever it
    has changed. Keep `next_cursor` and send it as `cursor`: nothing is skipped and nothing comes twice unchanged. Not
    for passengers and tickets: those are read with the traveler's token, by get_booking. Next: the same, until
    `has_more` is false; then again later, or on a webhook.
    """
    return services.read(ctx, request)
