"""Guides, declared."""

from bookings.guide import queries
from bookings.guide.schemas import GuideList, GuideView, ReadGuide
from movmo.kit.errors import NotFound
from movmo.operations.context import Context, NoArguments
from movmo.operations.spec import GET, Credentials, Effect, Rows, operation

RESOURCE = "guides://v1/{slug}"


@operation(
    "list_semantic_resources",
    rest=GET("/v1/guides"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    rows=Rows("slug", title="{title}"),
)
def list_semantic_resources(ctx: Context, request: NoArguments) -> GuideList:
    """List the guides that explain how to book here

    Short texts: the way to a booking, approvals, holds and cancellations, fare rules, what only the traveler does, what
    to do when something went wrong, every error code, notes on each provider. Use it when you are unsure how to go on.
    Not for flights or bookings themselves.
    Next: read_semantic_resource with a slug.
    """
    return queries.page(ctx.caller)


@operation(
    "read_semantic_resource",
    rest=GET("/v1/guides/{slug}"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    resource=RESOURCE,
    errors=(NotFound,),
)
def read_semantic_resource(ctx: Context, request: ReadGuide) -> GuideView:
    """Read one guide

    Use it before the first booking (`booking`), or when a refusal's own hint is not enough (`errors`). Not for
    anything about the traveler: the text is ours, and changes with the house. Next: the tool that the guide names.
    """
    return queries.read(ctx.caller, request.slug)
