"""Preferences, declared. Agents read them in short in the profile."""

from movmo.accounts.preferences import queries, services
from movmo.accounts.preferences.schemas import GetPreferences, LocaleView, PutLocale, PutTravel, TravelView
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import GET, PUT, Credentials, Effect, operation

LOCALE = "preferences://v1/locale"
TRAVEL = "preferences://v1/travel"


@operation(
    "get_locale_preferences",
    rest=GET("/v1/users/{user_id}/locale-preferences"),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:read",),
    effect=Effect.READ,
    resource=LOCALE,
    errors=(NotFound,),
    tool=False,
)
def get_locale_preferences(ctx: Context, request: GetPreferences) -> LocaleView:
    """Show the traveler's language, country and currency

    Until the traveler chose others they are English, the United States and US dollars. Use them to speak to the
    traveler and to show prices; an offer's own currency is what is charged.
    """
    return queries.locale(ctx)


@operation(
    "upsert_locale_preferences",
    rest=PUT("/v1/users/{user_id}/locale-preferences"),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:write",),
    effect=Effect.WRITE,
    resource=LOCALE,
    errors=(NotFound,),
    tool=False,
)
def upsert_locale_preferences(ctx: Context, request: PutLocale) -> LocaleView:
    """Set the traveler's language, country and currency

    Send all three; what was there is replaced.
    """
    return services.put_locale(ctx, request)


@operation(
    "get_travel_preferences",
    rest=GET("/v1/users/{user_id}/travel-preferences"),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:read",),
    effect=Effect.READ,
    resource=TRAVEL,
    errors=(NotFound,),
    tool=False,
)
def get_travel_preferences(ctx: Context, request: GetPreferences) -> TravelView:
    """Show how the traveler likes to travel

    Seat, special meal, cabin and frequent-flyer accounts. They are wishes, not rules: use them to choose among offers.
    The known-traveler number is masked; the traveler reads and changes it in their Movmo account.
    """
    return queries.travel(ctx)


@operation(
    "upsert_travel_preferences",
    rest=PUT("/v1/users/{user_id}/travel-preferences"),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:write",),
    effect=Effect.WRITE,
    resource=TRAVEL,
    errors=(NotFound,),
    tool=False,
)
def upsert_travel_preferences(ctx: Context, request: PutTravel) -> TravelView:
    """Set how the traveler likes to travel

    Send every field, with null or an empty list for what there is no wish for; what was there is replaced.
    """
    return services.put_travel(ctx, request)
