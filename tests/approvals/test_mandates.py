"""What a person allowed an agent in advance: covered calls ask nobody, and the money never passes a limit."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bookings.booking.models import Booking
from bookings.offer.models import OfferSlot
from bookings.sandbox_airline.models import SandboxOrder
from movmo.kit import clock as the_clock
from movmo.kit.errors import DomainError
from movmo.operations.approval import mandates
from movmo.operations.approval.models import Approval, Mandate
from movmo.operations.approval.refusals import ApprovalRequired
from movmo.operations.dispatch import Answer, Contended
from movmo.operations.models import AuditEvent
from tests.approvals.conftest import Agent, Trust
from tests.approving import asked_by, say_no
from tests.conftest import StoppedClock
from tests.contract.world import new_key
from tests.operations.together import together

pytestmark = pytest.mark.django_db


def people_of(order: dict[str, Any]) -> list[Any]:
    return list(OfferSlot.objects.filter(offer_id=order["offer_id"]).values_list("passenger_id", flat=True))


def minor(order: dict[str, Any]) -> int:
    return int(order["expected_total"]["amount"].replace(".", ""))


def test_inside_its_limits_nobody_is_asked(agent: Agent, trust: Trust) -> None:
    order = agent.order()
    mandate = trust(*people_of(order))
    booked = agent.call("create_booking", **order).view
    used = Approval.objects.get()
    assert (used.state, used.decided_with, used.mandate_id) == ("used", "mandate", mandate.pk)
    assert (used.amount_minor, used.resource_id) == (minor(order), booked.booking_id)  # type: ignore[attr-defined]
    assert mandates.spent(mandate, now=the_clock.now()).minor == minor(order)
    assert AuditEvent.objects.get(operation="create_booking", phase="outcome").approval_id == used.pk


def is_asked(agent: Agent, order: dict[str, Any]) -> bool:
    return isinstance(agent.refused("create_booking", **order), ApprovalRequired)


def test_a_booking_that_is_too_dear_is_asked(agent: Agent, trust: Trust) -> None:
    order = agent.order()
    trust(*people_of(order), a_booking=minor(order) - 1)
    assert is_asked(agent, order)


def test_a_booking_of_exactly_the_limit_is_not(agent: Agent, trust: Trust) -> None:
    order = agent.order()
    trust(*people_of(order), a_booking=minor(order), a_month=minor(order))
    assert not agent.call("create_booking", **order).replayed


def test_a_month_that_is_used_up_is_asked_and_the_next_begins_anew(
    agent: Agent, trust: Trust, clock: StoppedClock
) -> None:
    one, other = agent.order(), agent.order()
    limit = minor(one) + minor(other) - 1
    trust(*people_of(one), *people_of(other), a_booking=limit, a_month=limit, days=60)
    agent.call("create_booking", **one)
    assert is_asked(agent, other)
    clock.set(datetime(2027, 4, 1, tzinfo=UTC))
    later = agent.order()
    mandate = Mandate.objects.get()
    mandate.passenger_ids = [*mandate.passenger_ids, *map(str, people_of(later))]
    mandate.save()
    assert not agent.call("create_booking", **later).replayed


def test_somebody_else_on_board_is_asked(agent: Agent, trust: Trust) -> None:
    order = agent.order("ADT", "ADT")
    trust(people_of(order)[0])
    assert is_asked(agent, order)


def test_after_its_day_and_after_it_was_revoked_it_covers_nothing(
    agent: Agent, trust: Trust, clock: StoppedClock
) -> None:
    order = agent.order()
    mandate = trust(*people_of(order))
    assert mandates.revoke(mandate.pk, user_id=mandate.user_id, now=the_clock.now())
    assert is_asked(agent, order)
    trust(*people_of(order), days=0.001)
    clock.forward(minutes=2)
    assert is_asked(agent, order)


def test_it_is_this_client_s_and_nobody_else_revokes_it(agent: Agent, trust: Trust, bo: Any) -> None:
    order = agent.order()
    mandate = trust(*people_of(order))
    assert not mandates.revoke(mandate.pk, user_id=bo.pk, now=the_clock.now())
    rover = replace(agent.caller, client_id="rover")
    assert agent.refused("create_booking", by=rover, **order).code == "approval_required"


def test_another_currency_is_asked(agent: Agent, trust: Trust) -> None:
    order = agent.order()
    mandate = trust(*people_of(order))
    Mandate.objects.filter(pk=mandate.pk).update(currency="USD")
    assert is_asked(agent, order)


def test_cancelling_and_deleting_are_asked_all_the_same(agent: Agent, trust: Trust) -> None:
    order = agent.order()
    trust(*people_of(order))
    booked = agent.call("create_booking", **order).view
    quote = agent.call("quote_cancellation", booking_id=str(booked.booking_id)).view  # type: ignore[attr-defined]
    cancel = {"booking_id": str(quote.booking_id), "quote_id": str(quote.quote_id)}  # type: ignore[attr-defined]
    assert agent.refused("cancel_booking", **cancel).code == "approval_required"
    person = people_of(order)[0]
    assert agent.refused("delete_passenger_profile", passenger_id=str(person)).code == "approval_required"


def test_a_hold_counts_when_it_is_paid(agent: Agent, trust: Trust) -> None:
    order = agent.order(holdable=True, mode="hold")
    mandate = trust(*people_of(order))
    held = agent.call("create_booking", **order).view
    assert mandates.spent(mandate, now=the_clock.now()).minor == 0
    paid = {"booking_id": str(held.booking_id), "expected_total": order["expected_total"]}  # type: ignore[attr-defined]
    agent.call("confirm_hold", **paid)
    assert mandates.spent(mandate, now=the_clock.now()).minor == minor(order)


def test_what_was_not_sold_does_not_count(agent: Agent, trust: Trust) -> None:
    order = agent.order(family_name="Soldout")
    mandate = trust(*people_of(order))
    assert agent.refused("create_booking", **order).code == "sold_out"
    assert mandates.spent(mandate, now=the_clock.now()).minor == 0
    assert Approval.objects.get().released_at is not None


def test_an_order_that_turns_up_after_all_counts_again(agent: Agent, trust: Trust) -> None:
    order = agent.order(family_name="Soldout")
    mandate = trust(*people_of(order))
    agent.refused("create_booking", **order)
    mandates.count_again(Booking.objects.get().pk)
    assert mandates.spent(mandate, now=the_clock.now()).minor == minor(order)


def test_a_new_allowance_is_no_fresh_month(agent: Agent, trust: Trust) -> None:
    one, other = agent.order(), agent.order()
    everybody = [*people_of(one), *people_of(other)]
    trust(*everybody, a_booking=minor(one), a_month=minor(one) + minor(other) - 1)
    agent.call("create_booking", **one)
    trust(*everybody, a_booking=minor(one), a_month=minor(one) + minor(other) - 1)
    assert is_asked(agent, other)
    assert Mandate.objects.filter(revoked_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_calls_together_stay_within_the_month(agent: Agent, trust: Trust) -> None:
    orders = [agent.order() for _ in range(6)]
    everybody = [person for order in orders for person in people_of(order)]
    price = max(minor(order) for order in orders)
    mandate = trust(*everybody, a_booking=price, a_month=price * 2)

    def book(order: dict[str, Any]) -> Answer:
        key = new_key()
        while True:
            try:
                return agent.call("create_booking", key=key, **order)
            except Contended:
                continue

    outcomes = together(*[partial(book, order) for order in orders])
    booked = [one for one in outcomes if isinstance(one, Answer)]
    assert [type(one) for one in outcomes if not isinstance(one, Answer | ApprovalRequired)] == []
    assert mandates.spent(mandate, now=the_clock.now()).minor <= price * 2
    assert len(booked) == SandboxOrder.objects.count() >= 2


def test_limits_that_contradict_themselves_are_not_kept(agent: Agent, trust: Trust) -> None:
    for amounts in ({"a_booking": 2, "a_month": 1}, {"a_booking": 0, "a_month": 1}):
        with pytest.raises((IntegrityError, DomainError)), transaction.atomic():
            trust(**amounts)


def test_a_no_stands_whatever_is_allowed_afterwards(agent: Agent, trust: Trust) -> None:
    order, key = agent.order(), new_key()
    say_no(agent.question("create_booking", key=key, **order))
    trust(*people_of(order))
    assert agent.refused("create_booking", key=key, **order).code == "approval_declined"
    assert not agent.call("create_booking", **order).replayed


def test_a_question_that_an_allowance_has_answered_is_taken_back(agent: Agent, trust: Trust) -> None:
    order = agent.order()
    question = agent.question("create_booking", **order)
    trust(*people_of(order))
    agent.call("create_booking", **order)
    assert asked_by(question).state == "withdrawn"


def test_who_ended_an_allowance_is_written_down(agent: Agent, trust: Trust) -> None:
    order = agent.order()
    mandate = trust(*people_of(order))
    person: dict[str, Any] = {
        "given_name": "Mallory",
        "family_name": "Andersson",
        "birth_date": "1990-01-01",
        "gender": "F",
    }
    rest: dict[str, Any] = {"nationality": None, "email": None, "phone_number": None, "loyalty_programmes": []}
    agent.call("update_passenger_profile", passenger_id=str(people_of(order)[0]), **person, **rest)
    line = AuditEvent.objects.get(operation="revoke_mandate")
    assert (line.door, line.client_id, line.resource_id) == ("mcp", "scout", mandate.pk)
