"""What a partner's plan allows and how much of it is used."""

from datetime import date, datetime, timedelta
from uuid import UUID

from movmo.kit import clock
from movmo.kit.errors import InvalidArguments
from movmo.operations import usage
from movmo.operations.catalogue import names, with_successors
from movmo.operations.usage import Count, Line
from partners.plan.models import MCP_RATE, UsagePlan
from partners.plan.schemas import GetUsage, PlanView, UsageRow, UsageTotals, UsageView

LONGEST = timedelta(days=366)


def usage_of(partner_id: UUID, request: GetUsage, now: datetime) -> UsageView:
    """The partner's own usage, this process's up to this very call. Raises InvalidArguments for days that are none."""
    first_day, last_day = _days(request, now)
    lines = usage.BOOK.counts(partner_id, first_day, last_day)
    if request.operation is not None:
        lines = _of_operation(request.operation, lines)
    return UsageView(
        first_day=first_day,
        last_day=last_day,
        data=[
            UsageRow(day=line.day, operation=line.operation, calls=count.calls, refused=count.refused)
            for line, count in lines.items()
        ],
        totals=UsageTotals(
            calls=sum(count.calls for count in lines.values()), refused=sum(count.refused for count in lines.values())
        ),
        plan=_plan_of(partner_id, now),
    )


def _days(request: GetUsage, now: datetime) -> tuple[date, date]:
    last_day = request.last_day or now.date()
    first_day = request.first_day or last_day.replace(day=1)
    if first_day > last_day:
        raise InvalidArguments({"/from": f"`from` is {first_day}, after `to`, {last_day}."})
    if last_day - first_day > LONGEST:
        raise InvalidArguments({"/from": f"From {first_day} to {last_day} is over {LONGEST.days} days; ask in parts."})
    return first_day, last_day


def _of_operation(name: str, lines: dict[Line, Count]) -> dict[Line, Count]:
    """An operation that was removed still has its past. Raises InvalidArguments for one that never was."""
    found = {line: count for line, count in lines.items() if line.operation == name}
    if not found and name not in names():
        raise InvalidArguments({"/operation": "There is no operation of this name; the API's reference names them."})
    return found


def _plan_of(partner_id: UUID, now: datetime) -> PlanView:
    plan = UsagePlan.objects.get(partners=partner_id)
    month = clock.month(now)
    used = usage.calls_since(partner_id, month.first_day)
    return PlanView(
        name=plan.name,
        rate=plan.rate,
        burst=plan.burst,
        month_quota=plan.month_quota,
        used_this_month=used,
        remaining=None if plan.month_quota is None else max(0, plan.month_quota - used),
        resets_at=month.ends_at,
        mcp_rate=MCP_RATE,
        operations=with_successors(plan.allowed_operations.split()) or None,
    )
