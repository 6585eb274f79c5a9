"""Plans and usage in the back office."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from movmo.kit import bars
from movmo.operations import usage
from movmo.operations.usage import Count
from partners.partner import chart
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from tests import factories
from tests.conftest import NOON, StoppedClock
from tests.office import clerk_with_app, entered

TODAY = NOON.date()


@pytest.fixture
def office(client: Client, db: None) -> Client:
    return entered(client, clerk_with_app())


@pytest.fixture
def plan(db: None) -> UsagePlan:
    return factories.plan("public-website", rate=20, burst=40)


def save(office: Client, plan: UsagePlan, **changes: Any) -> Any:
    form = {"name": plan.name, "rate": plan.rate, "burst": plan.burst, "month_quota": "", **changes}
    return office.post(f"/admin/partners/usageplan/{plan.pk}/change/", form)


def test_the_operations_of_a_plan_are_ticked(office: Client, plan: UsagePlan) -> None:
    page = office.get(f"/admin/partners/usageplan/{plan.pk}/change/").content.decode()
    assert 'value="search_flights"' in page
    save(office, plan, allowed_operations=["search_flights", "list_providers"], month_quota="1000")
    plan.refresh_from_db()
    assert (plan.allowed_operations.split(), plan.month_quota) == (["search_flights", "list_providers"], 1_000)


def test_no_operation_ticked_is_every_one(office: Client, plan: UsagePlan) -> None:
    save(office, plan, allowed_operations=["list_providers"])
    save(office, plan)
    plan.refresh_from_db()
    assert (plan.allowed_operations, plan.month_quota) == ("", None)


def test_an_unknown_operation_is_refused(office: Client, plan: UsagePlan) -> None:
    answer = save(office, plan, allowed_operations=["search_flight"])
    assert "search_flight is not one of the available choices" in answer.content.decode()
    plan.refresh_from_db()
    assert plan.allowed_operations == ""


def test_an_operation_that_has_gone_stays_until_somebody_unticks_it(office: Client, plan: UsagePlan) -> None:
    """Were it dropped in silence, a plan of it alone would allow everything."""
    UsagePlan.objects.filter(pk=plan.pk).update(allowed_operations="gone_since")
    page = office.get(f"/admin/partners/usageplan/{plan.pk}/change/").content.decode()
    assert "gone_since: no longer there" in page
    answer = save(office, plan, allowed_operations=["gone_since"])
    assert "There is no operation called gone_since" in answer.content.decode()
    plan.refresh_from_db()
    assert plan.allowed_operations == "gone_since"


def test_a_plan_says_that_keys_have_no_rate_over_mcp(office: Client, plan: UsagePlan) -> None:
    for page in (f"/admin/partners/usageplan/{plan.pk}/change/", "/admin/partners/usageplan/"):
        assert "0: a key is refused there" in office.get(page).content.decode()


def test_a_partner_s_page_shows_its_last_days(office: Client, aviare: Partner, kestrel: Partner) -> None:
    usage.BOOK.note(aviare.pk, "search_flights", Count(calls=1_200, refused=34))
    page = office.get(f"/admin/partners/partner/{aviare.pk}/change/").content.decode()
    assert "1,200 calls and 34 refused in the last 30 days" in page
    other = office.get(f"/admin/partners/partner/{kestrel.pk}/change/").content.decode()
    assert "No calls in the last 30 days" in other


def test_a_new_partner_has_no_usage_to_show(office: Client) -> None:
    assert "in the last 30 days" not in office.get("/admin/partners/partner/add/").content.decode()


def test_bars_are_to_scale_and_none_is_lost(aviare: Partner, clock: StoppedClock) -> None:
    for days, count in ((29, Count(100)), (1, Count(50, 50)), (0, Count(1)), (30, Count(900))):
        clock.set(NOON - timedelta(days=days))
        usage.BOOK.note(aviare.pk, "search_flights", count)
    drawn, *counted = chart.of(aviare.pk, TODAY)
    assert (drawn.most, counted, len(drawn.bars)) == (100, [151, 50], 30)
    oldest, *_, yesterday, today = drawn.bars
    assert [part[1:] for part in oldest.parts] == [(100, 0, bars.HEIGHT)]
    assert [part[1:] for part in yesterday.parts] == [(50, 60, 60), (50, 0, 60)]
    assert [part[1:] for part in today.parts] == [(1, bars.HEIGHT - 1, 1)]
