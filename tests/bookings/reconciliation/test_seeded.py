"""Every discrepancy that the sandbox airline seeds is found and classed, and none is invented."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from bookings.booking.models import Booking
from bookings.providers import registry
from bookings.reconciliation import services
from bookings.reconciliation.models import Discrepancy, Statement, Stream
from bookings.reconciliation.pull import writing
from bookings.reconciliation.services import Kept, Sender
from bookings.reconciliation.states import Class, StatementState, Tier
from movmo.kit import clock as time
from movmo.operations.models import Event
from partners.partner.models import Partner
from tests.bookings.reconciliation.scene import again
from tests.bookings.reconciliation.trade import bought, cancelled, looked_after, reconciled
from tests.conftest import StoppedClock
from tests.contract.world import World, confirmation_of

pytestmark = pytest.mark.django_db(transaction=True)

ON_THE_DAY = {
    "MISSINGSTMT": Class.MISSING_AT_PROVIDER,
    "GHOST": Class.MISSING_LOCALLY,
    "AMOUNTOFF": Class.AMOUNT_MISMATCH,
    "DUPLINE": Class.DUPLICATE,
    "CURRSLIP": Class.CURRENCY_MISMATCH,
    "VOIDLOST": Class.VOID_NOT_REFLECTED,
    "REFUNDLOST": Class.REFUND_NOT_REFLECTED,
}


@pytest.fixture
def traded(world: World, clock: StoppedClock) -> dict[str, Booking]:
    """One booking of each trigger among ordinary ones; a day later. By the family name."""
    ordinary(world)
    made = {name: bought(world, family_name=name) for name in ("MISSINGSTMT", "GHOST", "AMOUNTOFF", "DUPLINE")}
    made |= {name: bought(world, family_name=name) for name in ("CURRSLIP", "ADMLATER", "VOIDLOST")}
    made["REFUNDLOST"] = bought(world, brand="Flex", family_name="REFUNDLOST")
    cancelled(world, made["VOIDLOST"])
    cancelled(world, made["REFUNDLOST"])
    clock.forward(days=1)
    looked_after()
    return {name: Booking.objects.get(pk=told.booking_id) for name, told in made.items()}


def ordinary(world: World) -> None:
    for _ in range(4):
        bought(world)
    bought(world, "ADT", "ADT", "CHD", "INF", brand="Standard")
    bought(world, brand="Business")
    bought(world, family_name="TWOPNRS")
    bought(world, brand="Standard", mode="hold")
    held = bought(world, brand="Standard", mode="hold")
    world.call("confirm_hold", **confirmation_of(held))
    cancelled(world, bought(world, brand="Standard", mode="hold"))
    cancelled(world, bought(world))
    cancelled(world, bought(world, "ADT", "ADT", brand="Flex"))
    cancelled(world, bought(world, brand="Business"))


def found(statement: Statement) -> dict[str, Discrepancy]:
    return {one.category: one for one in Discrepancy.objects.filter(statement=statement)}


Arrives = Callable[[date], Statement]


def by_upload(day: date, partner: Partner | None = None) -> Statement:
    """The same lines as a file of the airline, which a clerk or a partner sends in, looks at and accepts."""
    file = writing.settlement(registry.provider("sandbox").statement(day), day)
    by = Sender("sandbox", partner_id=partner.pk if partner else None)
    sent = services.receive(file, Kept("from-the-airline.csv", day, day), by=by, now=time.now())
    assert services.advance(sent.pk, clock=time.now).state == StatementState.STAGED
    services.accept(sent, by=None, now=time.now())
    return services.advance(sent.pk, clock=time.now)


@pytest.fixture(params=["pulled", "uploaded by a clerk", "uploaded by its partner"])
def arrives(request: pytest.FixtureRequest, aviare: Partner) -> Arrives:
    """On whatever way the day's settlement comes in."""
    if request.param == "pulled":
        return lambda day: reconciled(day)[Stream.SETTLEMENT]
    partner = aviare if request.param == "uploaded by its partner" else None
    return lambda day: by_upload(day, partner)


def test_each_is_found_with_its_class_and_nothing_else(
    traded: dict[str, Booking], arrives: Arrives, clock: StoppedClock
) -> None:
    statement = arrives(clock.now.date() - timedelta(days=1))
    assert statement.state == StatementState.RECONCILED
    assert {one.statement_id for one in Discrepancy.objects.all()} == {statement.pk}  # and none in the orders
    assert sorted(Discrepancy.objects.values_list("category", flat=True)) == sorted(ON_THE_DAY.values())
    for name, category in ON_THE_DAY.items():
        one = found(statement)[category]
        assert one.booking_id == (None if name == "GHOST" else traded[name].pk), name


def test_a_partners_statement_does_not_miss_what_others_sold(
    traded: dict[str, Booking], aviare: Partner, kestrel: Partner, clock: StoppedClock
) -> None:
    """Of two bookings that no line is about, one is the partner's."""
    elses = Booking.objects.exclude(pk__in=[one.pk for one in traded.values()]).filter(state="ticketed")[0]
    Booking.objects.filter(pk=elses.pk).update(partner=kestrel)
    day = clock.now.date() - timedelta(days=1)
    told = registry.provider("sandbox").statement(day)
    file = writing.settlement([line for line in told if line.order_id != elses.order_id], day)
    by = Sender("sandbox", partner_id=aviare.pk)
    sent = services.receive(file, Kept("ours.csv", day, day), by=by, now=time.now(), auto_accept=True)
    assert services.advance(sent.pk, clock=time.now).state == StatementState.RECONCILED
    assert sorted(Discrepancy.objects.values_list("category", flat=True)) == sorted(ON_THE_DAY.values())


def test_each_says_what_is_at_risk_and_by_what_it_was_matched(traded: dict[str, Booking], clock: StoppedClock) -> None:
    by_class = found(reconciled(clock.now.date() - timedelta(days=1))[Stream.SETTLEMENT])
    total = {name: booking.total_minor for name, booking in traded.items()}
    assert by_class[Class.AMOUNT_MISMATCH].at_risk_minor == 100
    assert by_class[Class.AMOUNT_MISMATCH].tier == Tier.ORDER_ID
    assert by_class[Class.MISSING_AT_PROVIDER].at_risk_minor == total["MISSINGSTMT"]
    assert by_class[Class.MISSING_LOCALLY].at_risk_minor == total["GHOST"]
    assert by_class[Class.DUPLICATE].at_risk_minor == total["DUPLINE"]
    assert by_class[Class.REFUND_NOT_REFLECTED].at_risk_minor == traded["REFUNDLOST"].refund_minor
    slipped = by_class[Class.CURRENCY_MISMATCH]
    assert (slipped.ours_currency, slipped.theirs_currency) == ("EUR", "USD")


def test_a_debit_memo_comes_three_days_later(traded: dict[str, Booking], arrives: Arrives, clock: StoppedClock) -> None:
    day = clock.now.date() + timedelta(days=2)
    clock.forward(days=3)
    looked_after()
    statement = arrives(day)
    (memo,) = Discrepancy.objects.filter(statement=statement)
    assert (memo.category, memo.booking_id) == (Class.ADM, traded["ADMLATER"].pk)
    assert memo.at_risk_minor == (traded["ADMLATER"].total_minor * 10 + 50) // 100


def test_the_totals_tie_and_a_second_comparison_changes_nothing(
    traded: dict[str, Booking], clock: StoppedClock
) -> None:
    statement = reconciled(clock.now.date() - timedelta(days=1))[Stream.SETTLEMENT]
    first = statement.runs.get()
    for totals in first.totals.values():
        for side in ("ours", "theirs"):
            parts = sum(one[side] for one in totals["by_class"].values())
            assert totals[side] == totals[f"matched_{side}"] + parts
    second = again(statement)
    assert (second.new, second.changed, second.gone, second.same) == (0, 0, 0, len(ON_THE_DAY))
    assert second.totals == first.totals


def test_a_day_is_pulled_once_and_each_comparison_is_told(traded: dict[str, Booking], clock: StoppedClock) -> None:
    day = clock.now.date() - timedelta(days=1)
    statement = reconciled(day)[Stream.SETTLEMENT]
    assert reconciled(day)[Stream.SETTLEMENT].pk == statement.pk
    assert Statement.objects.filter(period_start=day).count() == 2
    told = Event.objects.get(subject_id=statement.pk)
    assert (told.type, told.payload["new"]) == ("reconciliation.completed.v1", len(ON_THE_DAY))
    assert told.partner_id is None
