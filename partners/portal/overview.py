"""How a partner stands at a glance, and its usage."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse

from movmo.kit import bars, clock
from partners.api_key.models import KeyState
from partners.oauth.models import Application
from partners.partner import chart
from partners.plan import queries as plans
from partners.plan.schemas import GetUsage, PlanView
from partners.portal.page import PartnerPage
from partners.webhook.models import WebhookEndpoint

OFTEN_CALLED = 8
"""Operations that have a line of their own."""


class Overview(PartnerPage):
    tab = "overview"
    http_method_names = ("get", "head")

    def shown(self) -> HttpResponse:
        now = clock.now()
        used = chart.of(self.partner.pk, now.date())
        plan = plans.usage_of(self.partner.pk, GetUsage(), now).plan
        return self.show("overview", usage=used, plan=plan, quota=quota_of(plan), **self._counts())

    def _counts(self) -> dict[str, Any]:
        now, keys = clock.now(), self.partner.api_keys
        endpoints = WebhookEndpoint.objects.filter(partner=self.partner).exclude(state=WebhookEndpoint.State.DELETED)
        usable = [keys.in_state(state, now=now) for state in (KeyState.USABLE, KeyState.EXPIRING)]
        return {
            "live_keys": sum(rows.filter(is_live=True).count() for rows in usable),
            "test_keys": sum(rows.filter(is_live=False).count() for rows in usable),
            "expiring": usable[1].order_by("expires_at"),
            "clients": Application.objects.filter(partner=self.partner, disabled_at=None).count(),
            "origins": self.partner.checkout_origins.count(),
            "endpoints": endpoints.count(),
            "failing": endpoints.exclude(failing_since=None).filter(state=WebhookEndpoint.State.ENABLED).count(),
            "off": endpoints.filter(state=WebhookEndpoint.State.DISABLED).count(),
            "people": self.partner.members.count(),
        }


class Usage(PartnerPage):
    tab = "usage"
    http_method_names = ("get", "head")

    def shown(self) -> HttpResponse:
        now = clock.now()
        last_day = now.date()
        asked = GetUsage.model_validate({"from": last_day - timedelta(days=chart.DAYS - 1), "to": last_day})
        told = plans.usage_of(self.partner.pk, asked, now)
        by_operation: dict[str, list[int]] = {}
        for row in told.data:
            sums = by_operation.setdefault(row.operation, [0, 0])
            sums[0], sums[1] = sums[0] + row.calls, sums[1] + row.refused
        often = sorted(by_operation.items(), key=lambda line: (-sum(line[1]), line[0]))
        context: dict[str, Any] = {
            "plan": told.plan,
            "quota": quota_of(told.plan),
            "often": often[:OFTEN_CALLED],
            "days": chart.DAYS,
        }
        return self.show("usage", usage=chart.of(self.partner.pk, last_day), **context)


def quota_of(plan: PlanView) -> bars.Level | None:
    """Of this month; None without a quota."""
    if plan.month_quota is None:
        return None
    words = f"{plan.used_this_month:,} of {plan.month_quota:,} calls"
    return bars.level("This month", plan.used_this_month, plan.month_quota, words)
