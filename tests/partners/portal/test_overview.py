"""How a partner stands: what it has, what needs a hand, and its usage against the plan."""

from datetime import timedelta

import pytest
from django.test import Client

from movmo.kit import clock as times
from movmo.operations import usage
from movmo.operations.usage import Count, Line
from partners.api_key import services as api_keys
from partners.partner.models import Partner
from partners.portal.page import CHANGES_AN_HOUR
from partners.webhook.models import WebhookEndpoint
from tests import factories
from tests.conftest import StoppedClock
from tests.partners import hooks
from tests.partners.portal.people import AT, member_at, said

pytestmark = pytest.mark.django_db


def called(partner: Partner, operation: str, *, days_ago: int = 0, calls: int = 0, refused: int = 0) -> None:
    day = times.now().date() - timedelta(days=days_ago)
    usage.BOOK._add(Line(partner.pk, day, operation), Count(calls, refused))


def test_what_there_is_is_counted(owner: Client, aviare: Partner, kestrel: Partner) -> None:
    for partner in (aviare, kestrel):
        factories.api_key(partner)
        factories.api_key(partner, live=True)
        factories.application(f"{partner.slug}-web", of=partner)
        factories.checkout_origin(partner)
        hooks.endpoint(partner)
    text = said(owner.get(AT))
    assert "Keys 2 1 live, 1 test" in text
    assert "OAuth clients 1" in text
    assert "Origins 1" in text
    assert "Webhooks 1" in text
    assert "Team 1 person" in text


def test_what_needs_a_hand_is_said(owner: Client, aviare: Partner) -> None:
    now = times.now()
    api_keys.issue(partner=aviare, name="ends soon", now=now, expires_at=now + timedelta(days=3))
    hooks.endpoint(aviare)
    WebhookEndpoint.objects.update(failing_since=now)
    text = said(owner.get(AT))
    assert "The key ends soon ( mvm_test_" in text
    assert "1 webhook endpoint fails." in text


def test_the_month_against_the_quota(aviare: Partner, kestrel: Partner, clock: StoppedClock) -> None:
    owner = member_at(aviare)
    clock.forward(days=14)  # the middle of March
    aviare.plan.month_quota = 1_000
    aviare.plan.save()
    called(aviare, "search_flights", calls=200)
    called(aviare, "search_flights", days_ago=20, calls=50)  # of February
    called(aviare, "create_booking", calls=30, refused=7)
    called(kestrel, "search_flights", calls=9_999)
    text = said(owner.get(AT + "usage/"))
    assert "230 of 1,000 calls (23 %). The next month begins 1 April 2027" in text
    assert "280 calls and 7 refused in the last 30 days" in text
    assert "Left this month 770" in text
    assert "search_flights 250 0 create_booking 30 7" in text


def test_a_plan_without_a_quota_says_so(owner: Client, aviare: Partner) -> None:
    called(aviare, "search_flights", calls=1)
    text = said(owner.get(AT + "usage/"))
    assert "1 call this month; the plan has no monthly quota" in text


def test_whoever_presses_without_an_end_is_told_to_wait(owner: Client) -> None:
    answers = [owner.post(AT + "origins/", {"action": "remove"}).status_code for _ in range(CHANGES_AN_HOUR // 2 + 1)]
    assert answers[0] == 404
    assert answers[-1] == 429
