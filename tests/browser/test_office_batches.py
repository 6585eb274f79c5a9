"""Batches in the office: how far each is, and what was refused."""

import pytest
from django.test import Client

from movmo.accounts.models import User
from partners.batch.models import Batch
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from tests.browser.conftest import LooksRight, NewTab
from tests.browser.marks import LOOKED_AT_ONCE
from tests.contract.world import new_key
from tests.office import clerk_with_app, entered
from tests.partners.batching import by_real_key, leave, line, passenger, token_of, work
from tests.partners.hooks import ask

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), LOOKED_AT_ONCE]

LIST = "/admin/partners/batch/"
GONE = "0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10"


def test_each_tells_how_far_it_is(new_tab: NewTab, ana: User, aviare: Partner, looks_right: LooksRight) -> None:
    caller, token = by_real_key(aviare), token_of(ana)
    refused = [line("get_passenger", token=token, passenger_id=GONE) for _ in range(3)]
    needs_a_yes = line("delete_passenger_profile", key=new_key(), token=token, passenger_id=GONE)
    whole = leave(caller, passenger(token, name="Quokka"), line("get_usage"), *refused, needs_a_yes)
    work()
    taken_back = leave(caller, *[line("get_usage")] * 5)
    ask(caller, "cancel_batch", batch_id=str(taken_back))
    waiting = leave(caller, *[line("get_usage")] * 40)
    UsagePlan.objects.update(rate=1, burst=10)
    work()

    tab = new_tab()
    tab.keep_cookie("sessionid", entered(Client(), clerk_with_app()).cookies["sessionid"].value)
    tab.open(LIST)
    looks_right(tab, "batches", reopened=True)
    for batch_id, name, says in (
        (whole, "batch", "4 × not_found"),
        (taken_back, "batch-cancelled", "cancelled"),
        (waiting, "batch-waiting", "rate_limited"),
    ):
        tab.open(f"{LIST}{batch_id}/change/")
        assert says in tab.do(lambda page: page.inner_text("body"))
        assert "Quokka" not in tab.do(lambda page: page.content())
        looks_right(tab, name, reopened=True)
    assert Batch.objects.count() == 3
