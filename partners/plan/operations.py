"""A partner's plan and usage, declared. For back ends: agents have no plan."""

from movmo.operations.context import Context
from movmo.operations.spec import GET, Credentials, Effect, operation
from partners.plan import queries
from partners.plan.schemas import GetUsage, UsageView


@operation(
    "get_usage",
    rest=GET("/v1/partner/usage"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    tool=False,
)
def get_usage(ctx: Context, request: GetUsage) -> UsageView:
    """Tell your plan and how much of it is used

    Calls and refusals by day and operation, this month's unless `from` and `to` say otherwise, with what the plan
    allows and what is left of the month. Calls of the last few seconds may be missing.
    """
    return queries.usage_of(ctx.partner_id, request, ctx.now)
