"""Several workers at once, workers that die, endpoints that are slow: each attempt is made once, and none is lost."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from structlog.testing import capture_logs

from movmo.kit import clock as kit_clock
from movmo.operations import outbox
from movmo.operations.models import Event
from partners.partner.models import Partner
from partners.webhook import claiming, delivering, sending
from partners.webhook.claiming import LEASE, PLACES, claim
from partners.webhook.delivering import deliver_due, settle
from partners.webhook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.conftest import StoppedClock
from tests.operations.together import together, wait_for_locks, while_another_holds
from tests.partners import hooks
from tests.partners.receiver import Received, Receiver, answer, receiving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path) as receiver, hooks.sent_by(receiver.outbound):
        yield receiver


def work() -> None:
    """What a worker does, without the turn-taking of one process: threads stand for processes here."""
    shift = delivering._Shift()
    shift.work()
    shift.finish()


def test_many_workers_send_each_event_once(aviare: Partner, receiver: Receiver) -> None:
    hooks.endpoint(aviare)
    for _ in range(30):
        hooks.happen(aviare)
    hooks.publish()
    outcomes = together(*[work] * 6)
    assert outcomes == [None] * 6
    sent = Counter(request.headers["webhook-id"] for request in receiver.received)
    assert set(sent.values()) == {1}
    assert len(sent) == 30 == WebhookDelivery.objects.filter(state="delivered", fence=1).count()
    assert receiver.most_under_way <= PLACES


def test_no_row_goes_to_two_claimers(aviare: Partner) -> None:
    for _ in range(5):
        hooks.endpoint(aviare)
    for _ in range(4):
        hooks.happen(aviare)
    hooks.publish()
    now = kit_clock.now()
    taken = together(*[lambda: claim(most=10, now=now)] * 6)
    assert [one for one in taken if isinstance(one, Exception)] == []
    rows = [delivery.pk for some in taken if isinstance(some, list) for delivery in some]
    assert len(rows) == len(set(rows)) == 20
    assert set(WebhookDelivery.objects.values_list("fence", "tries")) == {(1, 1)}


def test_a_worker_that_dies_between_sending_and_settling_sends_again_under_the_same_id(
    aviare: Partner, receiver: Receiver, clock: StoppedClock
) -> None:
    hooks.endpoint(aviare)
    hooks.told_of(aviare)
    (delivery,) = claim(most=1, now=clock.now)
    sending.send(delivery, receiver.outbound)  # and here it is killed
    deliver_due()
    assert len(receiver.received) == 1  # its lease stands
    clock.forward(seconds=LEASE.total_seconds())
    deliver_due()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    delivery.refresh_from_db()
    assert (delivery.state, delivery.fence) == ("delivered", 2)
    assert list(delivery.attempts.values_list("number", flat=True)) == [2]


def test_a_worker_whose_lease_has_ended_settles_nothing(
    aviare: Partner, receiver: Receiver, clock: StoppedClock
) -> None:
    hooks.endpoint(aviare)
    hooks.told_of(aviare)
    (slow,) = claim(most=1, now=clock.now)
    clock.forward(seconds=LEASE.total_seconds())
    deliver_due()
    settle(slow, sending.Outcome(clock.now, 1, "timeout"), now=clock.now)
    slow.refresh_from_db()
    assert (slow.state, slow.last_failure) == ("delivered", "")
    assert list(slow.attempts.values_list("number", "failure")) == [(1, "timeout"), (2, "")]


def test_a_lock_that_is_not_to_be_had_in_time_loses_no_answer(aviare: Partner, receiver: Receiver) -> None:
    hooks.endpoint(aviare)
    delivery = hooks.told_of(aviare)
    let_go = threading.Event()

    def hold(connection_: Any, request: Received) -> None:
        """Somebody takes the row while the request is out, and keeps it for longer than we wait."""

        def other() -> None:
            try:
                with transaction.atomic():
                    WebhookDelivery.objects.filter(pk=delivery.pk).update(created_at=kit_clock.now())
                    held.set()
                    let_go.wait(1.0)
            finally:
                connection.close()

        held = threading.Event()
        threading.Thread(target=other, daemon=True).start()
        assert held.wait(10)
        connection_.sendall(answer())

    receiver.answers = [hold]
    wait_for_locks(200)
    with capture_logs() as log:
        work()
    let_go.set()
    connection.close()
    delivery.refresh_from_db()
    assert "webhook.not_settled" in [line["event"] for line in log]
    assert (delivery.state, delivery.fence, len(receiver.received)) == ("delivered", 1, 1)


def test_a_crash_while_settling_settles_nothing_by_half(aviare: Partner, clock: StoppedClock) -> None:
    hooks.endpoint(aviare)
    hooks.told_of(aviare)
    (delivery,) = claim(most=1, now=clock.now)
    before_there_was_time = sending.Outcome(clock.now, -1, "timeout")  # the column's own check refuses it
    with pytest.raises(IntegrityError):
        settle(delivery, before_there_was_time, now=clock.now)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.lease_until) == ("waiting", clock.now + LEASE)
    assert not WebhookAttempt.objects.exists()


def test_nothing_is_sent_while_a_transaction_is_open(aviare: Partner, receiver: Receiver) -> None:
    hooks.endpoint(aviare)
    hooks.told_of(aviare)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        deliver_due()
    assert receiver.received == []

    seen: list[Any] = []

    def look(connection_: Any, request: Received) -> None:
        """While the request is out, somebody else sees the claim, and nothing is locked."""
        try:
            seen.append(WebhookDelivery.objects.values_list("fence", "state").get())
            seen.append(WebhookDelivery.objects.update(created_at=kit_clock.now()))
        finally:
            connection.close()
        connection_.sendall(answer())

    receiver.answers = [look]
    deliver_due()
    assert seen == [(1, "waiting"), 1]
    assert WebhookDelivery.objects.get().state == "delivered"


def test_a_slow_endpoint_holds_up_nobody_else(
    aviare: Partner, kestrel: Partner, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "DEADLINE", 4.0)
    slow, quick = hooks.endpoint(aviare), hooks.endpoint(kestrel, url="https://hooks.example.com/quick")
    for _ in range(20):
        hooks.happen(aviare)
    hooks.publish()
    for _ in range(20):
        hooks.happen(kestrel)
    hooks.publish()

    order: list[str] = []

    def reply(connection_: Any, request: Received) -> None:
        if "quick" in request.line:
            order.append("quick")
            connection_.sendall(answer())
        else:
            order.append("slow")
            receiver.closing.wait(10)

    receiver.answers = [reply]
    monkeypatch.setattr(delivering, "SHIFT", 3.0)
    deliver_due()
    assert WebhookDelivery.objects.filter(endpoint_id=quick.endpoint_id, state="delivered").count() == 20
    assert order.count("slow") <= PLACES
    assert WebhookDelivery.objects.filter(endpoint_id=slow.endpoint_id, state="waiting").count() == 20


def test_one_endpoint_gets_a_few_places_and_a_failing_one_a_single_one(
    aviare: Partner, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare)
    for _ in range(12):
        hooks.happen(aviare)
    hooks.publish()
    assert len(claim(most=16, now=clock.now)) == PLACES
    assert claim(most=16, now=clock.now) == []
    clock.forward(minutes=2)
    row = hooks.row(made)
    row.failing_since = clock.now
    row.save(update_fields=["failing_since"])
    assert len(claim(most=16, now=clock.now)) == claiming.PLACES_OF_FAILING


def test_an_endpoint_whose_row_somebody_holds_is_passed_over(aviare: Partner, clock: StoppedClock) -> None:
    held = hooks.row(hooks.endpoint(aviare))
    hooks.told_of(aviare)
    wait_for_locks(200)

    def hold() -> None:
        WebhookEndpoint.objects.filter(pk=held.pk).update(updated_at=clock.now)

    assert while_another_holds(hold, lambda: claim(most=4, now=clock.now)) == []
    connection.close()
    assert len(claim(most=4, now=clock.now)) == 1


def test_endpoints_take_turns(aviare: Partner, clock: StoppedClock) -> None:
    """However much the first has waiting, the second is not behind all of it."""
    for _ in range(3):
        hooks.endpoint(aviare)
    for _ in range(10):
        hooks.happen(aviare)
    hooks.publish()
    first = claim(most=PLACES, now=clock.now)
    clock.forward(seconds=1)
    second = claim(most=PLACES, now=clock.now)
    clock.forward(seconds=1)
    third = claim(most=PLACES, now=clock.now)
    served = [{delivery.endpoint_id for delivery in some} for some in (first, second, third)]
    assert [len(one) for one in served] == [1, 1, 1]
    assert len(set.union(*served)) == 3


def test_a_nudge_that_comes_during_a_shift_is_heard(aviare: Partner, receiver: Receiver) -> None:
    """A second call in the same process does not wait, and what it came for is sent by the first."""
    hooks.endpoint(aviare)
    hooks.told_of(aviare)

    def another(connection_: Any, request: Received) -> None:
        try:
            receiver.answers = [answer()]
            hooks.told_of(aviare)
            deliver_due()  # returns at once
        finally:
            connection.close()
        connection_.sendall(answer())

    receiver.answers = [another]
    deliver_due()
    assert len(receiver.received) == 2
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_events_of_many_publishers_are_ordered_once_each(aviare: Partner) -> None:
    made = [hooks.endpoint(aviare) for _ in range(3)]
    for _ in range(20):
        hooks.happen(aviare)
    assert [one for one in together(*[outbox.drain] * 4) if isinstance(one, Exception)] == []
    outbox.drain()
    assert Event.objects.exclude(position=None).count() == 20
    assert WebhookDelivery.objects.count() == 20 * len(made)


def test_of_two_rotations_at_once_both_secrets_told_are_good(
    aviare: Partner, receiver: Receiver, clock: StoppedClock
) -> None:
    made = hooks.endpoint(aviare)
    rotate = lambda: hooks.ask(  # noqa: E731
        hooks.by_test_key(aviare), "rotate_webhook_secret", endpoint_id=str(made.endpoint_id)
    )
    told = [one for one in together(*[rotate] * 4) if not isinstance(one, Exception)]
    assert 1 <= len(told) <= 4
    row = hooks.row(made)
    assert row.rotations == len(told)
    assert row.old_secret_until == clock.now + timedelta(hours=24)


def test_of_many_who_add_the_last_endpoint_one_does(aviare: Partner) -> None:
    for _ in range(9):
        hooks.endpoint(aviare)
    outcomes = together(*[lambda: hooks.endpoint(aviare)] * 6)
    made = [one for one in outcomes if not isinstance(one, Exception)]
    assert len(made) == 1
    assert {type(one).__name__ for one in outcomes if isinstance(one, Exception)} <= {
        "WebhookEndpointsFull",
        "Contended",
    }
