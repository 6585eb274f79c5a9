"""What the door takes and gives about a partner's plan and usage."""

from datetime import date, datetime

from pydantic import Field

from movmo.operations.context import Request, View


class GetUsage(Request):
    operation: str | None = Field(
        default=None, pattern="^[a-z0-9_]{1,80}$", description="Only this operation.", examples=["search_flights"]
    )
    first_day: date | None = Field(
        default=None,
        alias="from",
        description="First day, UTC. Left out: the first of the month of `to`.",
        examples=["2026-09-01"],
    )
    last_day: date | None = Field(
        default=None,
        alias="to",
        description="Last day, UTC, itself included; at most 366 days after `from`. Left out: today.",
        examples=["2026-09-30"],
    )


class UsageTotals(View):
    calls: int = Field(description="Calls that were let through to an operation.", examples=[1240])
    refused: int = Field(description="Calls that a limit or the plan turned away.", examples=[3])


class UsageRow(UsageTotals):
    day: date = Field(description="UTC.", examples=["2026-09-14"])
    operation: str = Field(examples=["search_flights"])


class PlanView(View):
    name: str = Field(examples=["aviare"])
    rate: int = Field(description="Cost units a second for each API key, on average.", examples=[200])
    burst: int = Field(description="Cost units at once for each API key.", examples=[400])
    month_quota: int | None = Field(
        description="Calls in a calendar month, UTC, for all keys together; null: as many as the rate allows.",
        examples=[5_000_000],
    )
    used_this_month: int = Field(examples=[1240])
    remaining: int | None = Field(description="Calls left this month; null without a quota.", examples=[4_998_760])
    resets_at: datetime = Field(description="When the next month begins.", examples=["2026-10-01T00:00:00Z"])
    mcp_rate: int = Field(
        description="Calls a second with an API key at /v1/mcp: none. Agents come with a traveler's token.",
        examples=[0],
    )
    operations: list[str] | None = Field(
        description="The operations that the keys may call; null: every one.", examples=[None]
    )


class UsageView(View):
    first_day: date = Field(examples=["2026-09-01"])
    last_day: date = Field(examples=["2026-09-30"])
    data: list[UsageRow] = Field(description="One row for each day and operation that has any, by day and name.")
    totals: UsageTotals
    plan: PlanView
