"""A partner reads its own usage and what its plan leaves it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from movmo.kit.errors import InvalidArguments
from movmo.operations import usage
from movmo.operations.context import Caller, Plan
from movmo.operations.dispatch import dispatch
from movmo.operations.scopes import OperationNotInPlan
from movmo.operations.usage import Count
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from partners.plan.schemas import UsageView
from tests import factories
from tests.conftest import NOON, StoppedClock
from tests.contract.world import the, view_of

pytestmark = pytest.mark.django_db
TODAY = NOON.date()


def told(caller: Caller, **arguments: str) -> UsageView:
    return view_of(UsageView, dispatch(the("get_usage"), caller, arguments))


def refused(caller: Caller, **arguments: str) -> dict[str, str]:
    with pytest.raises(InvalidArguments) as caught:
        told(caller, **arguments)
    return caught.value.fields


def noted(clock: StoppedClock, partner: UUID, day: date, operation: str, *count: int) -> None:
    now = clock.now
    clock.set(datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC))
    usage.BOOK.note(partner, operation, Count(*count))
    clock.set(now)


def rows(view: UsageView) -> list[tuple[date, str, int, int]]:
    return [(row.day, row.operation, row.calls, row.refused) for row in view.data]


def test_the_month_so_far_by_day_and_operation(aviare: Partner, aviare_alone: Caller, clock: StoppedClock) -> None:
    clock.forward(days=2)
    noted(clock, aviare.pk, date(2027, 2, 28), "search_flights", 9)
    noted(clock, aviare.pk, date(2027, 3, 1), "search_flights", 5, 1)
    noted(clock, aviare.pk, date(2027, 3, 1), "create_booking", 2)
    usage.BOOK.flush()
    noted(clock, aviare.pk, date(2027, 3, 1), "search_flights", 1)
    view = told(aviare_alone)
    assert (view.first_day, view.last_day) == (date(2027, 3, 1), date(2027, 3, 3))
    assert rows(view) == [
        (date(2027, 3, 1), "create_booking", 2, 0),
        (date(2027, 3, 1), "search_flights", 6, 1),
        (date(2027, 3, 3), "get_usage", 1, 0),
    ]
    assert (view.totals.calls, view.totals.refused) == (9, 1)


def test_the_calls_of_a_moment_ago_are_there(aviare_alone: Caller) -> None:
    dispatch(the("list_providers"), aviare_alone, {})
    view = told(aviare_alone)
    assert {(row.operation, row.calls) for row in view.data} == {("list_providers", 1), ("get_usage", 1)}


def test_some_days_and_both_ends_of_them(aviare: Partner, aviare_alone: Caller, clock: StoppedClock) -> None:
    for day in range(1, 6):
        noted(clock, aviare.pk, date(2027, 2, day), "search_flights", day)
    view = told(aviare_alone, **{"from": "2027-02-02", "to": "2027-02-04"})
    assert [row.calls for row in view.data] == [2, 3, 4]


def test_one_operation(aviare: Partner, aviare_alone: Caller, clock: StoppedClock) -> None:
    noted(clock, aviare.pk, TODAY, "search_flights", 4)
    noted(clock, aviare.pk, TODAY, "removed_since", 3)
    assert rows(told(aviare_alone, operation="search_flights")) == [(TODAY, "search_flights", 4, 0)]
    assert rows(told(aviare_alone, operation="removed_since")) == [(TODAY, "removed_since", 3, 0)]
    assert rows(told(aviare_alone, operation="create_booking")) == []


def test_an_operation_that_never_was_is_told(aviare_alone: Caller) -> None:
    assert refused(aviare_alone, operation="search_flight").keys() == {"/operation"}


def test_a_year_can_be_asked_for_and_no_more(aviare_alone: Caller, clock: StoppedClock) -> None:
    told(aviare_alone, **{"from": str(TODAY - timedelta(days=366)), "to": str(TODAY)})
    assert "over 366 days" in refused(aviare_alone, **{"from": str(TODAY - timedelta(days=367))})["/from"]


def test_days_in_the_wrong_order_are_told(aviare_alone: Caller) -> None:
    assert refused(aviare_alone, **{"from": "2027-02-02", "to": "2027-02-01"}) == {
        "/from": "`from` is 2027-02-02, after `to`, 2027-02-01."
    }


def test_nobody_else_s_usage_is_there(
    kestrel: Partner, aviare_alone: Caller, kestrel_alone: Caller, clock: StoppedClock
) -> None:
    noted(clock, kestrel.pk, TODAY, "search_flights", 7)
    assert rows(told(aviare_alone)) == [(TODAY, "get_usage", 1, 0)]
    assert rows(told(kestrel_alone))[1:] == [(TODAY, "search_flights", 7, 0)]


def test_the_plan_and_what_is_left_of_the_month(aviare: Partner, aviare_alone: Caller, clock: StoppedClock) -> None:
    UsagePlan.objects.filter(pk=aviare.plan.pk).update(month_quota=100, allowed_operations="get_usage search_flights")
    noted(clock, aviare.pk, date(2027, 2, 28), "search_flights", 50)
    noted(clock, aviare.pk, TODAY, "search_flights", 30, 5)
    plan = told(aviare_alone, **{"from": "2027-01-01", "to": "2027-01-31"}).plan
    assert (plan.name, plan.rate, plan.burst, plan.mcp_rate) == ("commercial", 1_000, 2_000, 0)
    assert (plan.month_quota, plan.used_this_month, plan.remaining) == (100, 31, 69)
    assert plan.resets_at == datetime(2027, 4, 1, tzinfo=UTC)
    assert plan.operations == ["get_usage", "search_flights"]


def test_a_plan_without_a_quota_leaves_no_number(aviare_alone: Caller) -> None:
    plan = told(aviare_alone).plan
    assert (plan.month_quota, plan.remaining, plan.operations) == (None, None, None)


def test_an_operation_that_the_plan_lacks_is_named(aviare_alone: Caller) -> None:
    narrow = replace(aviare_alone, plan=Plan("public-website", 20, 40, operations=frozenset({"get_usage"})))
    told(narrow)
    with pytest.raises(OperationNotInPlan) as caught:
        dispatch(the("list_providers"), narrow, {})
    assert caught.value.facts == {"operation": "list_providers", "plan": "public-website"}


@pytest.fixture
def back_end(aviare: Partner) -> Client:
    return Client(headers={"x-api-key": factories.api_key(aviare)})


def test_over_rest_with_the_key_alone(back_end: Client, aviare: Partner) -> None:
    answer = back_end.get("/v1/partner/usage?from=2026-01-01&to=2026-01-31")
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    assert answer.json()["plan"]["used_this_month"] == 1


def test_a_change_of_plan_counts_from_the_next_call(back_end: Client, aviare: Partner) -> None:
    def narrowed_to(**changes: Any) -> Any:
        UsagePlan.objects.filter(pk=aviare.plan.pk).update(**changes)
        return back_end.get("/v1/flights/providers").json().get("code")

    assert narrowed_to() is None
    assert narrowed_to(allowed_operations="get_usage") == "operation_not_in_plan"
    assert narrowed_to(allowed_operations="", month_quota=1) == "quota_exhausted"
    assert narrowed_to(month_quota=2) is None
    assert narrowed_to(month_quota=None, rate=0) == "rate_limited"
