"""Attacks on the person's word and on their money: each was tried, and must fail."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from bookings.booking import watching
from bookings.booking.amendment.models import Amendment
from bookings.booking.models import Booking
from bookings.booking.states import SOLD, State
from bookings.passenger.models import Passenger
from bookings.sandbox_airline.models import SandboxOrder
from movmo.accounts.models import User
from movmo.accounts.privacy import services as privacy
from movmo.kit import clock as the_clock
from movmo.kit.money import Money
from movmo.operations import idempotency
from movmo.operations.approval import mandates
from movmo.operations.approval.mandates import Limits
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.people import PersonChanged
from movmo.operations.approval.refusals import ApprovalRequired
from movmo.operations.dispatch import Answer
from movmo.operations.models import IdempotencyRecord
from tests.approvals.conftest import Agent, Trust
from tests.approvals.test_mandates import minor, people_of
from tests.approving import asked_by, say_yes
from tests.conftest import StoppedClock
from tests.contract.world import new_key
from tests.operations.together import together, wait_for_locks, while_another_holds

pytestmark = pytest.mark.django_db


def becomes(agent: Agent, passenger_id: Any, **changes: str) -> None:
    """scout writes a saved passenger anew, which asks nobody."""
    saved = Passenger.objects.get(pk=passenger_id)
    person: dict[str, Any] = {"nationality": None, "email": None, "phone_number": None, "loyalty_programmes": []}
    person |= {name: str(getattr(saved, name)) for name in ("given_name", "family_name", "birth_date", "gender")}
    agent.call("update_passenger_profile", passenger_id=str(passenger_id), **(person | changes))


def plenty_for(*people: Any) -> Limits:
    until = the_clock.now() + timedelta(days=30)
    return Limits(Money(500_000, "EUR"), Money(900_000, "EUR"), frozenset(people), until)


@pytest.mark.parametrize("changes", [{"given_name": "Mallory"}, {"birth_date": "1960-01-01"}], ids=str)
def test_whoever_was_renamed_while_the_question_was_open_is_not_allowed_in_advance(agent: Agent, changes: Any) -> None:
    order = agent.order()
    (passenger,) = people_of(order)
    question = agent.question("create_booking", **order)
    becomes(agent, passenger, **changes)
    with pytest.raises(PersonChanged):
        say_yes(question, allowance=plenty_for(passenger))
    assert isinstance(agent.refused("create_booking", **order), ApprovalRequired)


@pytest.mark.parametrize("changes", [{"given_name": "Mallory"}, {"birth_date": "1960-01-01"}], ids=str)
def test_a_yes_is_for_the_people_who_were_shown(agent: Agent, changes: Any) -> None:
    order, key = agent.order(), new_key()
    question = agent.question("create_booking", key=key, **order)
    say_yes(question)
    becomes(agent, people_of(order)[0], **changes)
    assert agent.question("create_booking", key=key, **order)["approval_id"] != question["approval_id"]


def test_a_payment_that_turns_up_after_it_was_given_up_counts(agent: Agent, trust: Trust, clock: StoppedClock) -> None:
    """A confirmation that the airline did not seem to have done is taken out; then a look finds the hold paid for."""
    order = agent.order(holdable=True, mode="hold")
    mandate = trust(*people_of(order))
    agent.call("create_booking", **order)
    booking = Booking.objects.get()
    agent.call("confirm_hold", booking_id=str(booking.pk), expected_total=order["expected_total"])
    payment = Amendment.objects.get(booking=booking)
    Amendment.objects.update(state=Amendment.State.REFUSED)
    mandates.release(payment.pk, now=the_clock.now())
    Booking.objects.update(state=State.HELD, documents=[], watch_at=the_clock.now(), lease_until=None)
    assert mandates.spent(mandate, now=the_clock.now()).minor == 0
    assert watching.look(booking.pk, clock=the_clock.now).state in SOLD
    assert mandates.spent(mandate, now=the_clock.now()).minor == minor(order)


def test_a_hold_that_is_paid_at_the_second_try_counts_once(agent: Agent, trust: Trust) -> None:
    order = agent.order(holdable=True, mode="hold")
    mandate = trust(*people_of(order))
    agent.call("create_booking", **order)
    booking = Booking.objects.get()
    paid = {"booking_id": str(booking.pk), "expected_total": order["expected_total"]}
    agent.call("confirm_hold", **paid)
    Amendment.objects.update(state=Amendment.State.REFUSED)
    mandates.release(Amendment.objects.get().pk, now=the_clock.now())
    Booking.objects.update(state=State.HELD, documents=[], lease_until=None)
    agent.call("confirm_hold", **paid)
    assert Booking.objects.get().state in SOLD
    assert mandates.spent(mandate, now=the_clock.now()).minor == minor(order)


def test_a_call_whose_account_is_deleted_while_it_goes_on_ends_as_it_would(agent: Agent, trust: Trust) -> None:
    order, key = agent.order(), new_key()
    trust(*people_of(order))
    agent.call("create_booking", key=key, **order)
    record = IdempotencyRecord.objects.get(operation="create_booking")
    record.outcome = record.status = None
    IdempotencyRecord.objects.all().delete()
    assert idempotency.settle_first(record, status=201) == 201


@pytest.mark.django_db(transaction=True)
def test_many_questions_at_once_are_no_way_around_the_limit(agent: Agent, settings: Any) -> None:
    settings.MOVMO_APPROVALS_WAITING = 2
    people = [str(agent.world.passenger().passenger_id) for _ in range(8)]
    together(*[partial(agent.refused, "delete_passenger_profile", passenger_id=one) for one in people])
    assert Approval.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_key", [True, False], ids=["one key", "many keys"])
def test_one_yes_is_one_booking_however_many_come_for_it_at_once(agent: Agent, same_key: bool) -> None:
    order, key = agent.order(), new_key()
    question = agent.question("create_booking", key=key, **order)
    say_yes(question)
    keys = [key if same_key else new_key() for _ in range(8)]
    answers = together(*[partial(agent.call, "create_booking", key=one, **order) for one in keys])
    first = [one for one in answers if isinstance(one, Answer) and not one.replayed]
    assert len(first) <= 1 == SandboxOrder.objects.count() == Booking.objects.count()
    assert asked_by(question).state == "used"


@pytest.mark.django_db(transaction=True)
def test_a_passenger_who_is_renamed_at_the_moment_of_the_yes_is_not_covered_by_it(agent: Agent) -> None:
    for _ in range(5):
        order = agent.order()
        (passenger,) = people_of(order)
        question = agent.question("create_booking", **order)
        together(
            partial(say_yes, question, allowance=plenty_for(passenger)),
            partial(becomes, agent, passenger, given_name="Mallory"),
        )
        is_somebody_else = Passenger.objects.get(pk=passenger).given_name == "Mallory"
        assert not (is_somebody_else and Mandate.objects.filter(revoked_at=None).exists())
        Mandate.objects.update(revoked_at=the_clock.now())


@pytest.mark.django_db(transaction=True)
def test_an_account_that_is_in_use_is_deleted_later_and_not_half(agent: Agent, trust: Trust, ana: User) -> None:
    passenger = agent.world.passenger().passenger_id
    mandate = trust(passenger)

    def delete() -> None:
        wait_for_locks(200)
        with pytest.raises(privacy.AccountBusy):
            privacy.delete(ana, now=the_clock.now(), door="pages")

    while_another_holds(lambda: Mandate.objects.filter(pk=mandate.pk).update(revoked_at=None), delete)
    connection.close()
    assert Passenger.objects.filter(pk=passenger).exists()
    assert User.objects.get(pk=ana.pk).is_active


def test_who_is_gone_is_asked_nothing_any_more(agent: Agent, ana: User) -> None:
    """A call that was under way when the account was deleted writes nothing down of its person."""
    passenger = str(agent.world.passenger().passenger_id)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert agent.refused("delete_passenger_profile", passenger_id=passenger).code == "token_missing"
    assert not Approval.objects.exists()
