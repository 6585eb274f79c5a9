"""Offers, declared."""

from bookings.catalogue.modes import ProviderNotForKey
from bookings.offer import checking, queries, refreshing, searching, services
from bookings.offer.asking import ProviderUnreachable, ReadingRefused
from bookings.offer.party import (
    InfantTurnsTwo,
    InfantWithoutAdult,
    PassengerTypeMismatch,
    TooManyPassengers,
    UnaccompaniedMinor,
)
from bookings.offer.requirements import DocumentMissing, DocumentTypeUnsupported, GenderUnsupported
from bookings.offer.schemas import (
    CheckPassenger,
    CreateOffer,
    OfferView,
    PassengerCheck,
    ReadOffer,
    RefreshOffer,
    RefreshView,
    SearchFlights,
    SearchResults,
    UpdatePassenger,
)
from bookings.offer.services import NotBookable, OfferShapeUnknown, OfferStale, PassengerAlreadyMapped, SoldOut
from bookings.passenger.identity_document.services import DocumentExpired
from bookings.providers.registry import ProviderUnknown
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.kit.money import AmountInvalid
from movmo.operations.context import Context
from movmo.operations.spec import GET, POST, Credentials, Effect, operation

OFFERS = "/v1/flights/providers/{provider}/offers"
RESOURCE = "offers://v1/{offer_id}"


@operation(
    "search_flights",
    rest=POST("/v1/flights/search", status=200),
    needs=Credentials.KEY_AND_USER,
    scopes=("flights:read",),
    effect=Effect.READ,
    open_world=True,
    cost=10,
    per_minute=30,
    errors=(
        ProviderUnknown,
        ProviderNotForKey,
        TooManyPassengers,
        InfantWithoutAdult,
        UnaccompaniedMinor,
        NotBookable,
        AmountInvalid,
        CursorInvalid,
    ),
)
def search_flights(ctx: Context, request: SearchFlights) -> SearchResults:
    """Search flights at one or all providers

    Returns bookable offers, each with an offer_id that is valid until its expires_at. Use IATA airport codes and local
    dates. Say the traveler's wishes as filters rather than reading every page; what an offer leaves open does not fit.
    `unavailable` names providers that could not be asked. For more offers send next_cursor as `cursor`. Not for offers
    you already hold from a provider's own search: that is create_offer.
    Next: get_offer_details for the chosen offer, then update_passenger for each of its slots.
    """
    return searching.search(ctx, request)


@operation(
    "create_offer",
    rest=POST(OFFERS),
    needs=Credentials.KEY,
    scopes=("offers:write",),
    effect=Effect.WRITE,
    resource=RESOURCE,
    errors=(
        ProviderUnknown,
        ProviderNotForKey,
        OfferShapeUnknown,
        OfferStale,
        AmountInvalid,
        NotBookable,
        TooManyPassengers,
        InfantWithoutAdult,
        UnaccompaniedMinor,
    ),
)
def create_offer(ctx: Context, request: CreateOffer) -> OfferView:
    """Submit a provider's own offer

    Takes the raw offer that a search at the provider returned (Duffel v2 shape), whole and unchanged, and gives it an
    offer_id. Not for offers of search_flights, which have theirs already.
    Next: update_passenger for each slot under `passengers`.
    """
    return services.submit(ctx, request)


@operation(
    "get_offer_details",
    rest=GET(OFFERS + "/{offer_id}"),
    needs=Credentials.KEY_MAYBE_USER,
    scopes=("flights:read",),
    effect=Effect.READ,
    resource=RESOURCE,
    errors=(NotFound, ProviderNotForKey),
)
def get_offer_details(ctx: Context, request: ReadOffer) -> OfferView:
    """Show an offer with its slots, fares and conditions

    Itinerary with local times and zones, price, baggage, change and refund conditions, and the passenger slots with
    who is mapped to each. Use it before booking, to show the traveler what they buy.
    Not to ask for the price anew: that is refresh_offer.
    Next: update_passenger for each empty slot, then create_booking with this total.
    """
    return queries.details(ctx, request)


@operation(
    "refresh_offer",
    rest=POST(OFFERS + "/{offer_id}/refresh", status=200),
    needs=Credentials.KEY_AND_USER,
    scopes=("flights:read",),
    effect=Effect.WRITE,
    open_world=True,
    cost=5,
    ask=refreshing.ask,
    errors=(
        NotFound,
        ProviderUnknown,
        ProviderNotForKey,
        OfferStale,
        SoldOut,
        NotBookable,
        ProviderUnreachable,
        ReadingRefused,
    ),
)
def refresh_offer(ctx: Context, request: RefreshOffer, reading: refreshing.Reading) -> RefreshView:
    """Ask the provider what an offer costs now

    Reads the offer anew and keeps it under its offer_id, with a new total and a new expiry; the passengers on it stay,
    and so do chosen seats and bags while they are still sold. Use it before booking when some minutes have passed. Not
    for an offer that has expired: search again. Next: show the traveler `new` where `changed` is true and tell them of
    `dropped_services`, then create_booking with `new` as expected_total.
    """
    return refreshing.refresh(ctx, reading)


@operation(
    "update_passenger",
    rest=POST(OFFERS + "/{offer_id}/passengers", status=200),
    needs=Credentials.KEY_AND_USER,
    scopes=("offers:write",),
    effect=Effect.WRITE,
    resource=RESOURCE,
    errors=(
        NotFound,
        ProviderNotForKey,
        OfferStale,
        PassengerTypeMismatch,
        InfantTurnsTwo,
        PassengerAlreadyMapped,
        GenderUnsupported,
        DocumentMissing,
        DocumentTypeUnsupported,
        DocumentExpired,
    ),
)
def update_passenger(ctx: Context, request: UpdatePassenger) -> OfferView:
    """Put a saved passenger on an offer's slot

    Do this once for each slot; a slot may be mapped again to change who travels. The passenger's age on every departure
    must fit the slot's type. Not for changing a saved passenger's own details.
    Next: when every slot under `passengers` has a passenger_id, create_booking.
    """
    return services.map_passenger(ctx, request)


@operation(
    "check_passenger",
    rest=POST(OFFERS + "/{offer_id}/passengers/check", status=200),
    needs=Credentials.KEY_AND_USER,
    scopes=("flights:read",),
    effect=Effect.READ,
    errors=(NotFound, ProviderNotForKey),
    tool=False,
)
def check_passenger(ctx: Context, request: CheckPassenger) -> PassengerCheck:
    """Check a passenger while they are typed in

    For a form: says what create_passenger_profile, create_identity_document and update_passenger would refuse of the
    values that are there so far, and how the ticket will spell the name. Nothing is kept. Next:
    create_passenger_profile, which checks again.
    """
    return checking.check(ctx, request)
