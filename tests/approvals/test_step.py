"""What an agent cannot undo waits for its person: asked once, answered by them alone, good for one call."""

from dataclasses import replace
from typing import Any

import pytest

from bookings.booking.models import Booking
from bookings.offer.models import Offer
from bookings.sandbox_airline.models import SandboxOrder
from movmo.accounts.models import User
from movmo.kit.errors import NotFound
from movmo.kit.ids import new_id
from movmo.operations import registry
from movmo.operations.approval import deciding
from movmo.operations.approval.deciding import ApprovalDecided
from movmo.operations.approval.models import Approval
from movmo.operations.approval.refusals import ApprovalDeclined, ApprovalExpired, ApprovalRequired, ApprovalsPending
from movmo.operations.approval.step import is_needed
from movmo.operations.arguments import IdempotencyKeyMissing
from movmo.operations.context import Door
from movmo.operations.dispatch import dispatch
from movmo.operations.models import AuditEvent, Event, IdempotencyRecord
from partners.partner.models import Partner
from tests import factories
from tests.approvals.conftest import Agent
from tests.approving import asked_by, say_no, say_yes
from tests.conftest import StoppedClock
from tests.contract.arguments import arguments_for
from tests.contract.world import World, by_agent, by_key_and_token, new_key, the

pytestmark = pytest.mark.django_db

IRREVERSIBLE = [operation.name for operation in registry.all_operations() if operation.is_irreversible]


def nothing_booked() -> bool:
    return not (
        Booking.objects.exists()
        or SandboxOrder.objects.exists()
        or IdempotencyRecord.objects.filter(operation="create_booking").exists()
    )


def test_the_person_is_asked_and_nothing_is_done(agent: Agent) -> None:
    order = agent.order()
    question = agent.question("create_booking", **order)
    assert question["approval_url"].endswith(f"/approvals/{question['approval_id']}")
    assert "EUR" in question["summary"]
    assert nothing_booked()
    assert Offer.objects.get(pk=order["offer_id"]).status == "active"


@pytest.mark.parametrize("name", IRREVERSIBLE)
def test_whatever_cannot_be_undone_is_asked_of_an_agent(name: str, agent: Agent, world: World) -> None:
    """Over MCP, and over REST with the key of a partner whose client it is not."""
    arguments = arguments_for(name, world)
    over_rest = replace(agent.caller, door=Door.REST)
    with_a_key = replace(over_rest, partner_id=new_id(), is_live_key=False)
    assert is_needed(the(name), over_rest)
    for caller in (agent.caller, with_a_key):
        assert agent.refused(name, by=caller, **arguments).code == "approval_required"


def test_with_a_yes_the_same_call_books_once(agent: Agent) -> None:
    order, key = agent.order(), new_key()
    question = agent.question("create_booking", key=key, **order)
    say_yes(question)
    first = agent.call("create_booking", key=key, **order)
    again = agent.call("create_booking", key=key, **order)
    assert (first.replayed, again.replayed) == (False, True)
    assert first.view == again.view
    used = asked_by(question)
    assert (used.state, used.resource_id) == ("used", first.view.booking_id)  # type: ignore[attr-defined]
    assert SandboxOrder.objects.count() == 1


def test_while_it_waits_the_same_question_is_told_again(agent: Agent) -> None:
    order = agent.order()
    first, second = (agent.question("create_booking", **order) for _ in range(2))
    assert first == second
    assert Approval.objects.count() == 1


def test_a_no_stands_for_the_call_and_a_new_intention_may_ask_anew(agent: Agent) -> None:
    order, key = agent.order(), new_key()
    question = agent.question("create_booking", key=key, **order)
    say_no(question)
    for _ in range(2):
        assert isinstance(agent.refused("create_booking", key=key, **order), ApprovalDeclined)
    assert agent.question("create_booking", **order)["approval_id"] != question["approval_id"]
    assert nothing_booked()


@pytest.mark.parametrize("decided", [False, True], ids=["undecided", "approved and not used"])
def test_after_ten_minutes_it_is_good_for_nothing(agent: Agent, clock: StoppedClock, decided: bool) -> None:
    person, key = _somebody(agent), new_key()
    question = agent.question("delete_passenger_profile", key=key, passenger_id=person)
    if decided:
        say_yes(question)
    clock.forward(minutes=10, seconds=1)
    refusal = agent.refused("delete_passenger_profile", key=key, passenger_id=person)
    assert isinstance(refusal, ApprovalExpired)
    with pytest.raises(ApprovalDecided):
        say_yes(question)
    again = agent.question("delete_passenger_profile", passenger_id=person)
    assert again["approval_id"] != question["approval_id"]


def _somebody(agent: Agent) -> str:
    return str(agent.world.passenger().passenger_id)


def test_a_yes_given_late_leaves_ten_minutes_to_use_it(agent: Agent, clock: StoppedClock) -> None:
    person = _somebody(agent)
    question = agent.question("delete_passenger_profile", passenger_id=person)
    clock.forward(minutes=9)
    say_yes(question)
    clock.forward(minutes=9)
    assert not agent.call("delete_passenger_profile", passenger_id=person).replayed


def test_a_yes_is_for_one_call(agent: Agent) -> None:
    """The record of the key is gone after a month, but not so the approval's use."""
    person, key = _somebody(agent), new_key()
    question = agent.question("delete_passenger_profile", key=key, passenger_id=person)
    say_yes(question)
    agent.call("delete_passenger_profile", key=key, passenger_id=person)
    IdempotencyRecord.objects.all().delete()
    assert agent.refused("delete_passenger_profile", key=key, passenger_id=person).code == "not_found"
    assert asked_by(question).state == "used"


def test_a_yes_is_for_these_arguments(agent: Agent) -> None:
    one, other = _somebody(agent), _somebody(agent)
    say_yes(agent.question("delete_passenger_profile", passenger_id=one))
    assert isinstance(agent.refused("delete_passenger_profile", passenger_id=other), ApprovalRequired)


def test_a_yes_is_for_what_was_shown(agent: Agent) -> None:
    """Another passenger is put on the slot after the traveler has said yes to the first."""
    order = agent.order()
    question = agent.question("create_booking", **order)
    say_yes(question)
    slot = agent.world.call("get_offer_details", provider="sandbox", offer_id=order["offer_id"])
    mallory = agent.world.passenger(family_name="Mallory")
    agent.world.call(
        "update_passenger",
        provider="sandbox",
        offer_id=order["offer_id"],
        slot_id=str(slot.view.passengers[0].slot_id),  # type: ignore[attr-defined]
        passenger_id=str(mallory.passenger_id),
    )
    other = agent.question("create_booking", **order)
    assert other["approval_id"] != question["approval_id"]
    assert asked_by(question).state == "withdrawn"
    assert nothing_booked()


def test_a_yes_is_for_this_client_and_this_traveler(agent: Agent, ana: User, bo: User) -> None:
    person = _somebody(agent)
    say_yes(agent.question("delete_passenger_profile", passenger_id=person))
    rover = by_agent(ana, factories.application("rover"))
    assert agent.refused("delete_passenger_profile", by=rover, passenger_id=person).code == "approval_required"
    bo_by_scout = by_agent(bo, factories.application("scout"))
    assert agent.refused("delete_passenger_profile", by=bo_by_scout, passenger_id=person).code == "not_found"


def test_what_the_rules_refuse_is_not_asked(agent: Agent) -> None:
    order = agent.order() | {"expected_total": {"amount": "1.00", "currency": "EUR"}}
    assert agent.refused("create_booking", **order).code == "price_changed"
    assert not Approval.objects.exists()


def test_only_its_person_decides_and_only_once(agent: Agent, bo: User) -> None:
    question = agent.question("delete_passenger_profile", passenger_id=_somebody(agent))
    asked = asked_by(question)
    with pytest.raises(NotFound):
        deciding.approve(asked.pk, user_id=bo.pk, proof="code", now=asked.requested_at)
    say_no(question)
    with pytest.raises(ApprovalDecided):
        say_yes(question)


def test_no_operation_decides(agent: Agent, world: World, settings: Any) -> None:
    """Every operation is called with every scope, over both doors; the question stays open."""
    settings.MOVMO_APPROVALS_WAITING = settings.MOVMO_APPROVALS_AN_HOUR = 1_000
    question = agent.question("delete_passenger_profile", passenger_id=_somebody(agent))
    for operation in registry.all_operations():
        arguments = arguments_for(operation.name, world)
        named = {name: question["approval_id"] for name in arguments if name == "approval_id"}
        caller = agent.caller if operation.tool else world.caller
        try:
            dispatch(operation, caller, {**arguments, **named}, None if operation.is_read else new_key())
        except ApprovalRequired:
            continue
    assert asked_by(question).state == "pending"


def test_an_agent_reads_its_own_questions_only(agent: Agent, ana: User, bo: User) -> None:
    question = agent.question("delete_passenger_profile", passenger_id=_somebody(agent))
    read = {"approval_id": question["approval_id"]}
    view = dispatch(the("get_approval"), agent.caller, read).view
    assert (view.status, view.summary) == ("pending", question["summary"])  # type: ignore[attr-defined]
    for stranger in (by_agent(ana, factories.application("rover")), by_agent(bo, factories.application("scout"))):
        with pytest.raises(NotFound):
            dispatch(the("get_approval"), stranger, read)


def test_a_partner_s_own_back_end_is_not_asked(agent: Agent, ana: User, aviare: Partner) -> None:
    dispatch(the("delete_passenger_profile"), by_key_and_token(ana, aviare), {"passenger_id": _somebody(agent)})
    assert not Approval.objects.exists()


def test_a_key_of_some_partner_does_not_make_an_agent_a_back_end(agent: Agent, ana: User, kestrel: Partner) -> None:
    """Without an idempotency key there is nothing to tie the approval to, so that is asked for first."""
    smuggled = replace(by_key_and_token(ana, kestrel), client_id="scout", client_partner_id=None)
    with pytest.raises(IdempotencyKeyMissing):
        dispatch(the("delete_passenger_profile"), smuggled, {"passenger_id": _somebody(agent)})


def test_somebody_who_is_asked_all_the_time_is_left_alone(agent: Agent, settings: Any) -> None:
    settings.MOVMO_APPROVALS_WAITING = 2
    for _ in range(2):
        agent.question("delete_passenger_profile", passenger_id=_somebody(agent))
    refusal = agent.refused("delete_passenger_profile", passenger_id=_somebody(agent))
    assert isinstance(refusal, ApprovalsPending)
    assert Approval.objects.count() == 2


def test_nor_by_taking_questions_back(agent: Agent, settings: Any) -> None:
    settings.MOVMO_APPROVALS_AN_HOUR = 2
    for _ in range(2):
        say_no(agent.question("delete_passenger_profile", passenger_id=_somebody(agent)))
    assert isinstance(agent.refused("delete_passenger_profile", passenger_id=_somebody(agent)), ApprovalsPending)


def test_each_step_is_an_event_and_stands_in_the_audit_trail(agent: Agent) -> None:
    person, key = _somebody(agent), new_key()
    question = agent.question("delete_passenger_profile", key=key, passenger_id=person)
    say_yes(question)
    agent.call("delete_passenger_profile", key=key, passenger_id=person)
    told = Event.objects.filter(subject_id=question["approval_id"]).order_by("sequence")
    assert [(event.sequence, event.type) for event in told] == [
        (1, "approval.requested.v1"),
        (2, "approval.approved.v1"),
        (3, "approval.used.v1"),
    ]
    lines = AuditEvent.objects.filter(approval_id=question["approval_id"]).order_by("id")
    assert [line.code for line in lines] == ["approval_required", "approved", "done"]
