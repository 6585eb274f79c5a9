"""Lines are run as their caller's own calls, once each, whatever becomes of the workers."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from bookings.passenger.models import Passenger
from movmo.accounts.models import User
from movmo.kit.limiter.gcra import Allowance, Outcome
from movmo.operations import limits, outbox, usage
from movmo.operations.context import Caller
from movmo.operations.limits import KEY
from movmo.operations.models import AuditEvent, Event, IdempotencyRecord
from partners.api_key.models import ApiKey
from partners.batch import claiming, pacing, privacy, registered, running, services
from partners.batch.claiming import LEASE
from partners.batch.models import Batch, BatchLine
from partners.batch.queries import RETENTION
from partners.batch.services import LIFE
from partners.partner.models import Partner
from partners.plan.models import UsagePlan
from tests.conftest import StoppedClock
from tests.contract.world import World, by_key_and_token, new_key
from tests.operations.together import together
from tests.partners.batching import LANGUAGE, by_real_key, leave, line, passenger, results, row, token_of, work
from tests.partners.hooks import ask

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 60
GONE = "0198f3c2-7d1e-7a44-9b0c-5f2d1c3e8a10"


class PowerCut(BaseException):
    """The worker dies here: nothing of ours may catch it."""


@pytest.fixture
def by_aviare(aviare: Partner) -> Caller:
    return by_real_key(aviare)


@pytest.fixture
def token(ana: User, clock: StoppedClock) -> str:
    """Issued while the clock stands: it lasts an hour from there."""
    return token_of(ana)


def test_each_line_is_answered_as_over_rest(by_aviare: Caller, token: str) -> None:
    batch_id = leave(
        by_aviare,
        passenger(token),
        line("get_passenger", token=token, passenger_id=GONE),
        line("get_usage"),
        line("delete_passenger_profile", key=new_key(), token=token, passenger_id=GONE),
    )
    work()
    batch, lines = row(batch_id), results(by_aviare, batch_id)
    assert (batch.state, batch.done, batch.refused, batch.skipped) == ("completed", 2, 2, 0)
    assert [(one.status, one.status_code) for one in lines] == [
        ("done", 201),
        ("refused", 404),
        ("done", 200),
        ("refused", 404),
    ]
    made, refused = lines[0].result, lines[1].result
    assert made is not None
    assert refused is not None
    assert made["passenger_id"] == str(Passenger.objects.get().pk)
    assert (refused["code"], refused["request_id"]) == ("not_found", f"{batch_id}:2")
    assert [one.line for one in results(by_aviare, batch_id, status="refused")] == [2, 4]


def test_lines_are_audited_and_counted_like_calls(by_aviare: Caller, token: str, aviare: Partner) -> None:
    batch_id = leave(by_aviare, passenger(token), line("get_usage"), line("get_usage"))
    work()
    written = AuditEvent.objects.get(operation="create_passenger_profile", phase="outcome")
    assert (written.code, written.partner_id, written.request_id) == ("done", aviare.pk, f"{batch_id}:1")
    counted = {one.operation: count.calls for one, count in usage.BOOK.counts(aviare.pk, written.at.date()).items()}
    assert counted == {"create_batch": 1, "create_passenger_profile": 1, "get_usage": 2}


def test_what_a_line_held_is_wiped_when_it_is_done(by_aviare: Caller, token: str) -> None:
    leave(by_aviare, passenger(token), line("get_passenger", token=token, passenger_id=GONE))
    work()
    assert set(BatchLine.objects.values_list("content", "state")) == {(None, "done"), (None, "refused")}


def test_its_end_is_told_once(by_aviare: Caller, aviare: Partner) -> None:
    batch_id = leave(by_aviare, *[line("get_usage")] * 3)
    work()
    work()
    told = Event.objects.get(type="batch.completed.v1")
    assert (told.subject_id, told.partner_id, told.is_live) == (batch_id, aviare.pk, False)
    assert told.payload == {
        "batch_id": str(batch_id), "status": "completed", "lines": 3, "done": 3, "refused": 0, "skipped": 0,
    }  # fmt: skip
    outbox.drain()
    assert [one.type for one in ask(by_aviare, "list_events_v2").data] == ["batch.completed.v1"]


def test_a_worker_that_dies_after_the_effect_leaves_a_line_that_is_run_to_the_same_answer(
    by_aviare: Caller, token: str, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = leave(by_aviare, *[passenger(token) for _ in range(5)])
    settle = claiming.settle

    def cut(*told: Any, **more: Any) -> None:
        raise PowerCut

    monkeypatch.setattr(claiming, "settle", cut)
    with pytest.raises(PowerCut):
        work()
    monkeypatch.setattr(claiming, "settle", settle)
    assert Passenger.objects.count() == 5  # all of it was done, and nothing of that is known
    assert row(batch_id).settled == 0
    work()
    assert row(batch_id).settled == 0  # still in the dead worker's hands
    clock.forward(seconds=LEASE.total_seconds() + 1)
    work()
    assert (row(batch_id).state, row(batch_id).done) == ("completed", 5)
    made = {one.result["passenger_id"] for one in results(by_aviare, batch_id) if one.result}
    assert made == {str(one) for one in Passenger.objects.values_list("pk", flat=True)}
    assert len(made) == 5


def test_a_worker_that_dies_in_the_middle_of_a_line_changes_nothing_twice(
    by_aviare: Caller, token: str, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = leave(by_aviare, *[passenger(token) for _ in range(6)])
    run, calls = registered.run, []

    def die_at_the_third(*told: Any) -> Any:
        calls.append(told)
        answer = run(*told)
        if len(calls) == 3:
            raise PowerCut
        return answer

    monkeypatch.setattr(registered, "run", die_at_the_third)
    monkeypatch.setattr(claiming, "let_go", lambda lines, **_: None)  # a dead worker gives nothing back
    with pytest.raises(PowerCut):
        work()
    assert Passenger.objects.count() == 3
    monkeypatch.undo()
    clock.forward(seconds=LEASE.total_seconds() + 1)
    work()
    assert (row(batch_id).state, Passenger.objects.count()) == ("completed", 6)
    assert IdempotencyRecord.objects.filter(operation="create_passenger_profile").count() == 6


def test_many_workers_run_each_line_once(by_aviare: Caller, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "claim", partial(claiming.claim, most=7))
    batch_id = leave(by_aviare, *[passenger(token) for _ in range(MANY)])
    assert together(*[work] * 4) == [None] * 4
    work()
    assert (row(batch_id).state, row(batch_id).done) == ("completed", MANY)
    assert Passenger.objects.count() == MANY
    assert AuditEvent.objects.filter(operation="create_passenger_profile", phase="outcome").count() == MANY
    assert Event.objects.filter(type="batch.completed.v1").count() == 1


def test_no_line_goes_to_two_claimers(by_aviare: Caller, clock: StoppedClock) -> None:
    batch = row(leave(by_aviare, *[line("get_usage")] * 40))
    taken = together(*[lambda: claiming.claim(batch, now=clock.now, most=15)] * 4)
    numbers = [one.number for lines in taken if isinstance(lines, list) for one in lines]
    assert len(numbers) == len(set(numbers))
    rest = claiming.claim(batch, now=clock.now, most=40)
    assert sorted([*numbers, *(one.number for one in rest)]) == list(range(1, 41))


def test_a_worker_that_was_too_slow_settles_nothing(by_aviare: Caller, clock: StoppedClock) -> None:
    batch = row(leave(by_aviare, line("get_usage")))
    slow = claiming.claim(batch, now=clock.now)
    clock.forward(seconds=LEASE.total_seconds() + 1)
    work()
    assert row(batch.pk).done == 1
    running.take_turn(batch, slow)
    assert (row(batch.pk).done, row(batch.pk).state) == (1, "completed")


def test_a_limit_holds_a_batch_up_and_refuses_no_line(by_aviare: Caller, clock: StoppedClock) -> None:
    batch_id = leave(by_aviare, *[line("get_usage")] * 20)
    UsagePlan.objects.update(rate=1, burst=10)
    limits.MEMORY.forget()
    work()
    batch = row(batch_id)
    assert (batch.state, batch.waits_for, batch.refused) == ("running", "rate_limited", 0)
    assert 0 < batch.done < 10  # some of the burst is left for live calls
    assert BatchLine.objects.filter(state="waiting").exclude(claims=0, lease_until=None).count() == 0
    work()
    assert row(batch_id).done == batch.done
    told = ask(by_aviare, "get_batch", batch_id=str(batch_id))
    assert (told.waits_for, told.waits_until) == ("rate_limited", batch.due_at)
    clock.forward(hours=1)
    UsagePlan.objects.update(rate=1_000, burst=2_000)
    work()
    assert (row(batch_id).state, row(batch_id).done, row(batch_id).waits_for) == ("completed", 20, "")


def test_a_month_that_is_used_up_holds_it_up_too(by_aviare: Caller, clock: StoppedClock) -> None:
    batch_id = leave(by_aviare, line("get_usage"))
    UsagePlan.objects.update(month_quota=1)
    work()
    batch = row(batch_id)
    assert (batch.waits_for, batch.done) == ("quota_exhausted", 0)
    assert batch.due_at is not None
    assert batch.due_at > clock.now + timedelta(days=1)


@pytest.mark.parametrize(("level", "rest"), [(0, 0.0), (49, 0.0), (50, 0.1), (99, 5.0)])
def test_a_batch_leaves_half_of_the_burst(level: int, rest: float) -> None:
    """10 a second, 100 at once; `level` of them are used before a call that costs 1."""
    allowance = Allowance(KEY, "key:1", rate=10, burst=100)
    outcome = Outcome([allowance], [level * allowance.unit], None, 0, now=0)
    assert pacing.rest_after(outcome) == pytest.approx(rest)


def test_a_key_that_was_revoked_calls_nothing_any_more(by_aviare: Caller, clock: StoppedClock) -> None:
    batch_id = leave(by_aviare, line("get_usage"))
    ApiKey.objects.update(revoked_at=clock.now)
    work()
    told = BatchLine.objects.get(batch_id=batch_id)
    assert (told.state, told.code, told.status) == ("refused", "api_key_invalid", 401)


def test_a_token_that_ended_meanwhile_is_refused(by_aviare: Caller, token: str, clock: StoppedClock) -> None:
    leave(by_aviare, passenger(token))
    clock.forward(hours=2)
    work()
    assert BatchLine.objects.get().code == "token_invalid"
    assert not Passenger.objects.exists()


def test_a_plan_that_shrank_counts_for_the_lines_to_come(by_aviare: Caller) -> None:
    leave(by_aviare, line("list_providers"))
    UsagePlan.objects.update(allowed_operations="get_usage")
    work()
    assert BatchLine.objects.get().code == "operation_not_in_plan"


def test_what_an_agents_token_may_not_decide_its_person_is_asked(by_aviare: Caller, ana: User, token: str) -> None:
    """The token is no application of the partner's: a deletion waits for ana, and is answered so."""
    card_owner = World(by_key_and_token(ana, Partner.objects.get()))
    person = str(card_owner.passenger().passenger_id)
    leave(by_aviare, line("delete_passenger_profile", key=new_key(), token=token, passenger_id=person))
    work()
    told = BatchLine.objects.get()
    assert (told.state, told.code) == ("refused", "approval_required")
    assert Passenger.objects.filter(pk=person, deleted_at=None).exists()


def test_a_batch_that_is_taken_back_skips_what_had_not_begun(by_aviare: Caller, clock: StoppedClock) -> None:
    batch_id = leave(by_aviare, *[line("get_usage")] * 5)
    batch = row(batch_id)
    taken = claiming.claim(batch, now=clock.now, most=2)
    told = ask(by_aviare, "cancel_batch", batch_id=str(batch_id))
    assert (told.status, told.skipped) == ("cancelling", 3)
    running.take_turn(batch, taken)
    assert (row(batch_id).state, row(batch_id).done, row(batch_id).skipped) == ("cancelled", 2, 3)
    assert Event.objects.get(type="batch.completed.v1").payload["status"] == "cancelled"
    assert ask(by_aviare, "cancel_batch", batch_id=str(batch_id)).status == "cancelled"


def test_what_a_dead_worker_had_begun_is_found_out_after_the_cancellation(
    by_aviare: Caller, token: str, clock: StoppedClock
) -> None:
    batch_id = leave(by_aviare, passenger(token), passenger(token))
    batch = row(batch_id)
    (begun,) = claiming.claim(batch, now=clock.now, most=1)
    running._run(batch, begun, running.Credentials(batch))  # and the worker is gone
    ask(by_aviare, "cancel_batch", batch_id=str(batch_id))
    clock.forward(seconds=LEASE.total_seconds() + 1)
    work()
    assert [one.status for one in results(by_aviare, batch_id)] == ["done", "skipped"]
    assert (row(batch_id).state, Passenger.objects.count()) == ("cancelled", 1)


def test_what_was_given_back_unbegun_is_skipped_by_a_cancellation(by_aviare: Caller, clock: StoppedClock) -> None:
    batch_id = leave(by_aviare, *[line("get_usage")] * 3)
    claiming.let_go(claiming.claim(row(batch_id), now=clock.now), now=clock.now)
    assert ask(by_aviare, "cancel_batch", batch_id=str(batch_id)).status == "cancelled"


def test_what_is_given_back_unbegun_after_a_cancellation_is_skipped(by_aviare: Caller, clock: StoppedClock) -> None:
    batch_id = leave(by_aviare, *[line("get_usage")] * 5)
    taken = claiming.claim(row(batch_id), now=clock.now, most=3)
    assert ask(by_aviare, "cancel_batch", batch_id=str(batch_id)).status == "cancelling"
    claiming.let_go(taken, now=clock.now)
    assert (row(batch_id).state, row(batch_id).skipped) == ("cancelled", 5)
    assert not BatchLine.objects.exclude(content=None).exists()
    assert Event.objects.filter(type="batch.completed.v1").count() == 1


def test_a_line_on_which_workers_die_again_and_again_is_given_up(by_aviare: Caller, clock: StoppedClock) -> None:
    leave(by_aviare, line("get_usage"))
    BatchLine.objects.update(claims=running.MOST_CLAIMS)
    work()
    assert (BatchLine.objects.get().code, Batch.objects.get().state) == ("line_given_up", "completed")


def test_a_line_that_brings_its_worker_down_is_given_up_and_holds_no_other_up(
    by_aviare: Caller, clock: StoppedClock
) -> None:
    batch_id = leave(by_aviare, *[line("get_usage")] * 2)
    broken = BatchLine.objects.get(number=1)
    broken.content = b"none of the lines that we accept"
    broken.save()
    with pytest.raises(ValueError, match="Invalid JSON"):
        work()
    work()
    assert list(BatchLine.objects.order_by("number").values_list("claims", "state")) == [(1, "waiting"), (1, "done")]
    BatchLine.objects.filter(number=1).update(claims=running.MOST_CLAIMS)
    clock.forward(seconds=claiming.LEASE.total_seconds())
    work()
    assert (BatchLine.objects.get(number=1).code, row(batch_id).state) == ("line_given_up", "completed")


def test_a_batch_that_came_to_no_end_is_cancelled_by_us(by_aviare: Caller, clock: StoppedClock) -> None:
    batch_id = leave(by_aviare, line("get_usage"))
    assert services.end_overdue(now=clock.now + LIFE - timedelta(seconds=1)) == 0
    assert services.end_overdue(now=clock.now + LIFE) == 1
    assert (row(batch_id).state, row(batch_id).ended_by, row(batch_id).skipped) == ("cancelled", "movmo", 1)


def test_results_are_kept_for_thirty_days(by_aviare: Caller, clock: StoppedClock) -> None:
    batch_id = leave(by_aviare, line("get_usage"))
    still_running = leave(by_aviare, line("get_usage"))
    Batch.objects.filter(pk=still_running).update(due_at=clock.now + timedelta(days=99))
    work()
    assert services.purge(now=clock.now + RETENTION - timedelta(seconds=1)) == 0
    assert results(by_aviare, batch_id)[0].status == "done"
    assert services.purge(now=clock.now + RETENTION) == 1
    assert list(Batch.objects.values_list("pk", flat=True)) == [still_running]
    assert BatchLine.objects.count() == 1


def test_batches_take_turns(by_aviare: Caller, kestrel: Partner, clock: StoppedClock) -> None:
    first, second = leave(by_aviare, line("get_usage")), leave(by_real_key(kestrel), line("get_usage"))
    turns = []
    for _ in range(4):
        batch = claiming.next_batch(now=clock.now)
        assert batch is not None
        turns.append(batch.pk)
        clock.forward(seconds=1)
    assert turns == [first, second, first, second]


def test_a_person_who_leaves_is_forgotten_by_batches(by_aviare: Caller, ana: User, token: str) -> None:
    batch_id = leave(by_aviare, passenger(token))
    assert [one["operation"] for one in privacy.tell(ana)] == ["create_passenger_profile"]
    with transaction.atomic():
        privacy.erase(ana, row(batch_id).created_at)
    assert privacy.tell(ana) == []
    work()
    told = BatchLine.objects.get()
    assert (told.code, told.content, told.user_id) == ("token_invalid", None, None)


def test_a_locale_can_be_written_by_lines_beside_one_another(by_aviare: Caller, token: str) -> None:
    """One row that all lines want: none is lost to contention."""
    lines = [line("upsert_locale_preferences", key=new_key(), token=token, **LANGUAGE) for _ in range(20)]
    batch_id = leave(by_aviare, *lines)
    together(*[work] * 3)
    work()
    assert row(batch_id).refused == 0
