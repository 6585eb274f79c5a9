"""Bookings, declared."""

from bookings.booking import proposing, queries, services
from bookings.booking.cards import CardNotForProvider
from bookings.booking.failures import (
    CardGone,
    InstantNotAvailable,
    OrderRefused,
    PaymentDeclined,
    PaymentUnanswered,
    PriceChanged,
    ProviderUnavailable,
    SeatTaken,
    SoldOut,
)
from bookings.booking.schemas import BookingList, BookingView, CreateBooking, GetBooking, SearchBookings
from bookings.booking.services import HoldNotAvailable, PassengerMissing
from bookings.catalogue.modes import ProviderNotForKey
from bookings.offer.party import DuplicateName, InfantTurnsTwo, PassengerTypeMismatch
from bookings.offer.requirements import DocumentMissing, DocumentTypeUnsupported, GenderUnsupported
from bookings.offer.services import NotBookable, OfferStale
from bookings.passenger.identity_document.services import DocumentExpired
from bookings.payment_method.services import CardExpired
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.kit.money import AmountInvalid
from movmo.operations.context import Context
from movmo.operations.spec import GET, POST, Credentials, Effect, Idempotency, Rows, operation

RESOURCE = "bookings://v1/{booking_id}"


@operation(
    "create_booking",
    rest=POST("/v1/flights/providers/{provider}/bookings"),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:write",),
    effect=Effect.IRREVERSIBLE,
    open_world=True,
    idempotency=Idempotency.REQUIRED,
    cost=10,
    per_minute=10,
    resource=RESOURCE,
    advance=services.advance,
    propose=proposing.of_new_booking,
    errors=(
        NotFound,
        ProviderNotForKey,
        OfferStale,
        PriceChanged,
        SoldOut,
        SeatTaken,
        PassengerMissing,
        PassengerTypeMismatch,
        InfantTurnsTwo,
        DuplicateName,
        GenderUnsupported,
        DocumentMissing,
        DocumentTypeUnsupported,
        DocumentExpired,
        HoldNotAvailable,
        CardExpired,
        CardNotForProvider,
        InstantNotAvailable,
        NotBookable,
        AmountInvalid,
        PaymentDeclined,
        CardGone,
        PaymentUnanswered,
        OrderRefused,
        ProviderUnavailable,
    ),
)
def create_booking(ctx: Context, request: CreateBooking) -> None:
    """Book an offer for the passengers mapped to it

    Spends the traveler's money and cannot be undone: show them the itinerary, the passengers and the total first, and
    book only on their word. Every slot must be mapped. While the answer's status is other than `ticketed`, `confirmed`,
    `held` or `failed`, the airline has not decided: read it with get_booking and do not book again. To repeat a call
    whose answer was lost, send the same idempotency key. Next: get_booking.
    """
    services.reserve(ctx, request)


@operation(
    "get_booking",
    rest=GET("/v1/users/{user_id}/bookings/{booking_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:read",),
    effect=Effect.READ,
    open_world=True,
    resource=RESOURCE,
    listenable=True,
    errors=(NotFound,),
)
def get_booking(ctx: Context, request: GetBooking) -> BookingView:
    """Show a booking with its PNR, tickets, passengers and itinerary

    Use it after create_booking and whenever the traveler asks. While the outcome of a booking that was sent is open, a
    read looks it up at the airline. A status of `confirmed` without tickets means reserved, not ticketed. Not to find a
    booking: that is search_bookings. Next, while it is open: get_booking again.
    """
    return services.read(ctx, request.booking_id)


@operation(
    "search_bookings",
    rest=GET("/v1/users/{user_id}/bookings"),
    needs=Credentials.KEY_AND_USER,
    scopes=("bookings:read",),
    effect=Effect.READ,
    rows=Rows("booking_id", title="{route}, {departing_at}, {status}"),
    errors=(CursorInvalid,),
)
def search_bookings(ctx: Context, request: SearchBookings) -> BookingList:
    """List the traveler's bookings, newest first

    Filter by status; for more send next_cursor as `cursor`. Use it to find a booking_id, not to wait for one booking's
    outcome: that is get_booking. Next: get_booking.
    """
    return queries.page(ctx, request)
