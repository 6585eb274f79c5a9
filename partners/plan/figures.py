"""What the dashboard tells of plans: how much of its month each partner has used."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Sum

from movmo.kit import clock
from movmo.operations.models import UsageCount
from partners.plan.models import UsagePlan


class MonthUsed(NamedTuple):
    """`quota` is None where the plan has none. Calls of the last few seconds may be missing."""

    partner_id: UUID
    partner: str
    plan: str
    calls: int
    quota: int | None

    @property
    def share(self) -> float:
        return self.calls / self.quota if self.quota else 0.0


def this_month(now: datetime) -> list[MonthUsed]:
    """Active partners that called anything, the one nearest to its quota first; without a quota, by calls."""
    active = UsagePlan.objects.filter(partners__is_active=True).order_by()
    counted = UsageCount.objects.filter(
        partner_id__in=active.values("partners__pk"), day__gte=clock.month(now).first_day
    ).order_by()
    calls = dict(counted.values_list("partner_id").annotate(Sum("calls")))
    names = active.filter(partners__pk__in=calls).values_list("partners__pk", "partners__name", "name", "month_quota")
    found = [MonthUsed(pk, partner, plan, calls[pk], quota) for pk, partner, plan, quota in names]
    return sorted(found, key=lambda one: (-one.share, -one.calls, one.partner))
