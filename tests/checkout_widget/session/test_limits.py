"""What a frame may call while nobody has signed in: reading what is sold, and not too often. Who pays for it."""

from dataclasses import replace
from typing import Any

import pytest

from checkout_widget.session import callers
from movmo.kit import clock
from movmo.operations import limits, registry, usage
from movmo.operations.context import Caller, Plan
from movmo.operations.dispatch import dispatch
from movmo.operations.limits import QuotaExhausted, RateLimited
from movmo.operations.scopes import UserTokenMissing
from tests.checkout_widget.conftest import Checkout, Checkouts
from tests.contract.world import World, by_key, new_key, raw_offer, the

pytestmark = pytest.mark.django_db

WRITES = [operation.name for operation in registry.all_operations() if not operation.is_read]


def calls_until_refused(caller: Caller, *, at_most: int = 20) -> int:
    for made in range(at_most):
        try:
            limits.spend(the("get_offer_details"), caller)
        except RateLimited as refusal:
            assert refusal.facts["subject"] == "this checkout"
            return made
    return at_most


def test_each_checkout_has_an_allowance_of_its_own(checkouts: Checkouts, settings: Any) -> None:
    settings.MOVMO_CHECKOUT_RATE, settings.MOVMO_CHECKOUT_BURST = 1, 3
    one, other = checkouts.claimed(), checkouts.claimed()
    assert [calls_until_refused(checkout.caller) for checkout in (one, other, one)] == [3, 3, 0]


def test_once_somebody_has_signed_in_theirs_counts(arrived: Checkout, settings: Any) -> None:
    settings.MOVMO_CHECKOUT_RATE = settings.MOVMO_CHECKOUT_BURST = 1
    assert calls_until_refused(arrived.caller) == 20
    assert calls_until_refused(callers.of_partner(arrived.session)) == 1


def test_the_offer_is_read_before_anybody_has_signed_in(claimed: Checkout) -> None:
    assert claimed.offer().offer_id == claimed.session.offer_id


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_changed_before_anybody_has_signed_in(claimed: Checkout, name: str) -> None:
    with pytest.raises(UserTokenMissing):
        dispatch(the(name), claimed.caller, {}, new_key())


def test_nothing_is_read_without_a_checkout_of_a_partner(claimed: Checkout) -> None:
    for caller in (replace(claimed.caller, partner_id=None), replace(claimed.caller, checkout_id=None)):
        with pytest.raises(UserTokenMissing):
            dispatch(the("list_providers"), caller, {})


def counted(checkouts: Checkouts) -> dict[str, usage.Count]:
    found = usage.BOOK.counts(checkouts.partner.pk, clock.now().date())
    return {line.operation: count for line, count in found.items()}


def test_a_checkout_is_one_call_of_the_partner_s_month(checkouts: Checkouts) -> None:
    """Whatever it asks of the house to be opened, and whatever its traveler does in it."""
    monthly = replace(by_key(checkouts.partner), plan=Plan("monthly", rate=1_000, burst=2_000, month_quota=2))
    bought = checkouts.open(by=monthly)
    bought.claim()
    bought.arrive(checkouts.traveler)
    bought.fill()
    assert bought.say_yes() == "completed"
    bought.look()
    assert counted(checkouts) == {"create_checkout_session": usage.Count(calls=1)}
    checkouts.open(by=monthly)
    with pytest.raises(QuotaExhausted):
        dispatch(the("create_checkout_session"), monthly, bought.given, new_key())
    assert counted(checkouts) == {"create_checkout_session": usage.Count(calls=2, refused=1)}


def test_what_the_partner_calls_itself_counts_as_ever(checkouts: Checkouts) -> None:
    World(by_key(checkouts.partner)).call("create_offer", provider="sandbox", offer=raw_offer())
    assert counted(checkouts) == {"create_offer": usage.Count(calls=1)}


def test_clicks_that_are_too_many_are_no_refusals_of_the_partner_s(
    claimed: Checkout, checkouts: Checkouts, settings: Any
) -> None:
    before = counted(checkouts)
    settings.MOVMO_CHECKOUT_RATE = settings.MOVMO_CHECKOUT_BURST = 1
    dispatch(the("list_providers"), claimed.caller, {})
    with pytest.raises(RateLimited):
        dispatch(the("list_providers"), claimed.caller, {})
    assert counted(checkouts) == before
