"""The traveler's profile, declared."""

from movmo.accounts.profile import queries, services
from movmo.accounts.profile.schemas import GetProfile, ProfileView, ReplaceProfile
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import GET, PUT, Credentials, Effect, operation

RESOURCE = "users://v1/me"


@operation(
    "get_user_profile",
    rest=GET("/v1/users/{user_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:read",),
    effect=Effect.READ,
    resource=RESOURCE,
    errors=(NotFound,),
)
def get_user_profile(ctx: Context, request: GetProfile) -> ProfileView:
    """Show the traveler's own profile

    Name, e-mail address and telephone of the account's owner, and `preferences`: the language to speak, the currency to
    show prices in, and wishes for seat, meal and cabin. Use it to choose among offers. Not for those who travel: that
    is get_passengers_profile. The traveler changes all of it in their Movmo account. Next: search_flights.
    """
    return queries.read(ctx)


@operation(
    "update_user",
    rest=PUT("/v1/users/{user_id}"),
    needs=Credentials.KEY_AND_USER,
    scopes=("profile:write",),
    effect=Effect.WRITE,
    resource=RESOURCE,
    errors=(NotFound,),
    tool=False,
)
def update_user(ctx: Context, request: ReplaceProfile) -> ProfileView:
    """Replace the traveler's profile

    Send every field. E-mail address and telephone are not accepted here: they change in three steps, of which the first
    is initiate_contact_change.
    """
    return services.replace(ctx, request)
