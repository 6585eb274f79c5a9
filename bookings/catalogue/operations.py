"""The provider catalogue, declared. A partner's key is enough: no traveler is needed."""

from bookings.catalogue import queries
from bookings.catalogue.modes import ProviderNotForKey
from bookings.catalogue.schemas import AirportList, CapabilitiesView, GetCapabilities, ProviderList, SearchAirports
from bookings.providers.registry import ProviderUnknown
from movmo.operations.context import Context, NoArguments
from movmo.operations.spec import GET, Credentials, Effect, Rows, operation


@operation(
    "list_providers",
    rest=GET("/v1/flights/providers"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    rows=Rows("provider", title="{name}"),
)
def list_providers(ctx: Context, request: NoArguments) -> ProviderList:
    """List the flight providers

    The names returned are those that this call reaches, and what every other operation takes as `provider`. Not needed
    before search_flights, which asks all of them by itself. Next: get_provider_capabilities for one of them.
    """
    return queries.providers(ctx.caller)


@operation(
    "get_provider_capabilities",
    rest=GET("/v1/flights/providers/{provider}/capabilities"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(ProviderUnknown, ProviderNotForKey),
)
def get_provider_capabilities(ctx: Context, request: GetCapabilities) -> CapabilitiesView:
    """Tell what a provider can do

    Whether it can search, book, hold and show seats, its largest party, and the genders it takes. Use it when an
    operation answered that the provider does not support something. Not needed before a search. Next:
    search_flights or create_offer.
    """
    return queries.capabilities(ctx.caller, request.provider)


@operation(
    "search_airports",
    rest=GET("/v1/flights/airports"),
    needs=Credentials.KEY,
    scopes=("flights:read",),
    effect=Effect.READ,
    per_minute=300,
    tool=False,
    rows=Rows("iata_code", title="{city_name}, {name}", of=("origin", "destination"), query="query"),
)
def search_airports(ctx: Context, request: SearchAirports) -> AirportList:
    """Find airports by code, city or name

    Takes the beginning of any of them, without regard to accents and capitals: `zur` finds ZRH. The likeliest come
    first. Made for the field in which somebody types where a flight begins or ends.
    """
    return queries.airports(request)
