"""Asking the provider leaves an intent before it is asked, and an outcome whatever becomes of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from bookings.booking.models import Booking
from bookings.providers import registry
from bookings.providers.errors import Unavailable
from bookings.providers.sandbox.capabilities import CAPABILITIES
from bookings.providers.types import ProviderOrder
from bookings.reconciliation.models import Discrepancy
from bookings.reconciliation.resolution import resyncing
from bookings.reconciliation.resolution.models import ManualTask
from bookings.reconciliation.resolution.refusals import DiscrepancyStateInvalid, LookUpUnanswered, NothingToLookUp
from bookings.reconciliation.resolution.schemas import By
from bookings.reconciliation.states import CaseState, Class
from bookings.sandbox_airline.models import SandboxOrder
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations.context import Door
from movmo.operations.models import AuditEvent
from tests.bookings.reconciliation import books
from tests.bookings.reconciliation.books import by
from tests.bookings.reconciliation.trade import bought
from tests.contract.world import World
from tests.idle_airline import IdleAirline
from tests.saga.airline import PowerCut

pytestmark = pytest.mark.django_db(transaction=True)

Step = Callable[..., resyncing.LookedUp]
each = pytest.mark.parametrize("step", [resyncing.resync, resyncing.adopt], ids=lambda step: step.__name__)


class Breaking(IdleAirline):
    """It breaks while it is asked, and remembers what the trail said until then."""

    capabilities = CAPABILITIES

    def __init__(self, failure: BaseException) -> None:
        self.failure = failure
        self.found: list[tuple[str, str]] = []

    def get_order(self, order_id: str, *, now: datetime) -> ProviderOrder | None:
        self.found = [(event.phase, event.code) for event in AuditEvent.objects.filter(door=Door.OFFICE)]
        raise self.failure


def breaks(monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> Breaking:
    airline = Breaking(failure)
    monkeypatch.setitem(registry._providers, "sandbox", airline)
    return airline


def unknown(order_id: str = "ord_1", **changes: Any) -> Discrepancy:
    """The provider bills an order that is none of ours."""
    of = books.statement()
    return books.discrepancy(of, category=Class.MISSING_LOCALLY, line=books.line(of, order_id=order_id), **changes)


def trail_of(step: Step, one: Discrepancy, clerk: User) -> list[tuple[str, str]]:
    """(phase, code) of its lines, which are of one call and in the clerk's name."""
    lines = AuditEvent.objects.filter(resource_id=one.pk, operation=f"discrepancy_{step.__name__}").order_by("id")
    assert {(line.door, line.user_id) for line in lines} == {("office", clerk.pk)}
    assert len({line.call_id for line in lines}) == 1
    return [(line.phase, line.code) for line in lines]


@each
@pytest.mark.parametrize(
    ("failure", "raised", "code"),
    [
        (Unavailable("nobody answers"), LookUpUnanswered, "look_up_unanswered"),
        (RuntimeError("it answers what nobody can read"), RuntimeError, "internal_error"),
    ],
    ids=["unanswered", "broken"],
)
def test_of_a_provider_that_fails_the_intent_was_there_before_and_the_outcome_tells(
    step: Step, failure: Exception, raised: type[Exception], code: str, ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    airline, one = breaks(monkeypatch, failure), unknown()
    with pytest.raises(raised):
        step(one.pk, by=by(ops), clock=clock.now)
    assert airline.found == [("intent", "")]
    assert trail_of(step, one, ops) == [("intent", ""), ("outcome", code)]
    assert (one.notes.count(), ManualTask.objects.count()) == (0, 0)


@each
def test_of_a_process_that_dies_meanwhile_the_intent_is_left(
    step: Step, ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch, PowerCut())
    one = unknown()
    with pytest.raises(PowerCut):
        step(one.pk, by=by(ops), clock=clock.now)
    assert trail_of(step, one, ops) == [("intent", "")]


@each
def test_what_is_done_is_told_once(step: Step, ops: User) -> None:
    one = unknown("ord_" + "0" * 32)
    step(one.pk, by=by(ops), clock=clock.now)
    assert trail_of(step, one, ops) == [("intent", ""), ("outcome", "done")]
    assert one.notes.count() == 1


def test_what_is_refused_is_told(ops: User) -> None:
    nothing, closed = books.discrepancy(), unknown(state=CaseState.RESOLVED)
    with pytest.raises(NothingToLookUp):
        resyncing.resync(nothing.pk, by=by(ops), clock=clock.now)
    with pytest.raises(DiscrepancyStateInvalid):
        resyncing.adopt(closed.pk, by=by(ops), clock=clock.now)
    assert trail_of(resyncing.resync, nothing, ops)[1:] == [("outcome", "nothing_to_look_up")]
    assert trail_of(resyncing.adopt, closed, ops)[1:] == [("outcome", "discrepancy_state_invalid")]


def test_the_task_that_is_left_to_a_person_stands_in_the_outcome(world: World, ops: User) -> None:
    booking = Booking.objects.get(pk=bought(world).booking_id)
    SandboxOrder.objects.update(client_reference="somebody-elses-0001")
    resyncing.adopt(unknown(booking.order_id).pk, by=by(ops), clock=clock.now)
    intent, outcome = AuditEvent.objects.filter(operation="discrepancy_adopt").order_by("id")
    assert (intent.arguments, outcome.arguments) == ({}, {"task_id": str(ManualTask.objects.get().pk)})


def test_of_a_partner_s_call_the_pipeline_writes_the_lines() -> None:
    one = unknown("ord_" + "0" * 32)
    resyncing.resync(one.pk, by=By(door=Door.REST), clock=clock.now)
    assert not AuditEvent.objects.filter(resource_id=one.pk).exists()
