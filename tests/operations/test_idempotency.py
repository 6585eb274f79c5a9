"""One key, one effect: the first call acts, every other one is told what became of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from movmo.kit import clock
from movmo.kit.crypto import DecryptionFailed
from movmo.kit.errors import DomainError, Internal
from movmo.operations import idempotency
from movmo.operations.arguments import StringArguments
from movmo.operations.context import Caller, Context, Door
from movmo.operations.dispatch import Answer, dispatch
from movmo.operations.idempotency import RETENTION, Claim, IdempotencyKeyReused, stored_body
from movmo.operations.models import AuditEvent, IdempotencyRecord
from movmo.operations.scopes import InsufficientScope
from movmo.operations.spec import Credentials, Operation
from partners.plan.models import UsagePlan
from tests.conftest import StoppedClock
from tests.operations import toys
from tests.operations.toys import PaperIsOut

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]

KEY = "ana-writes-once"


def write(caller: Caller, operation: Operation = toys.WRITE, key: str | None = KEY, **note: Any) -> Answer:
    return dispatch(operation, caller, {"title": "kite", **note}, key)


def refusal(caller: Caller, operation: Operation, **note: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        write(caller, operation, **note)
    return caught.value


def test_the_first_call_acts() -> None:
    answer = write(toys.caller())
    assert (answer.status, answer.replayed, toys.notes()) == (201, False, 1)


@pytest.mark.parametrize("operation", [toys.WRITE, toys.FILE], ids=["kept body", "by reference"])
def test_a_replay_answers_alike_and_acts_no_more(operation: Operation) -> None:
    ana = toys.caller()
    first, again = write(ana, operation), write(ana, operation)
    assert (again.view, again.status, again.replayed) == (first.view, first.status, True)
    assert toys.notes() == 1


def test_a_replay_by_reference_tells_the_current_body() -> None:
    ana = toys.caller()
    write(ana, toys.FILE)
    UsagePlan.objects.update(name="renamed")
    assert write(ana, toys.FILE).view.model_dump()["title"] == "renamed"


def test_a_kept_body_is_encrypted_and_bound_to_its_row() -> None:
    write(toys.caller(), title="kept", key=KEY + "1")
    write(toys.caller(), title="moved", key=KEY + "2")
    here, there = IdempotencyRecord.objects.order_by("id")
    assert b"kept" not in here.__dict__["stored"]
    IdempotencyRecord.objects.filter(pk=there.pk).update(stored=here.__dict__["stored"])
    with pytest.raises(DecryptionFailed):
        stored_body(IdempotencyRecord.objects.get(pk=there.pk))


def test_the_key_itself_is_not_kept() -> None:
    write(toys.caller())
    assert KEY not in repr(list(IdempotencyRecord.objects.values()))
    assert str(IdempotencyRecord.objects.get()).startswith("write ")


def test_a_record_is_kept_for_thirty_days(clock: StoppedClock) -> None:
    write(toys.caller())
    record = IdempotencyRecord.objects.get()
    assert record.expires_at == clock.now + RETENTION
    assert timedelta(days=30) == RETENTION


def test_when_its_time_is_over_a_key_of_a_local_write_is_free_again(
    clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "BATCH", 2)
    ana = toys.caller()
    for number in range(5):
        write(ana, key=f"{KEY}-{number}", title=f"kite-{number}")
    clock.forward(days=29)
    write(ana, key=f"{KEY}-late", title="late")
    clock.forward(days=1)
    assert idempotency.tidy(now=clock.now) == 5
    assert IdempotencyRecord.objects.count() == 1


def test_another_payload_with_the_same_key_is_refused() -> None:
    ana = toys.caller()
    write(ana)
    assert isinstance(refusal(ana, toys.WRITE, title="another"), IdempotencyKeyReused)
    assert toys.notes() == 1


def test_another_operation_with_the_same_key_is_refused() -> None:
    ana = toys.caller()
    write(ana)
    assert isinstance(refusal(ana, toys.FILE), IdempotencyKeyReused)


def test_a_default_said_aloud_is_the_same_request() -> None:
    ana = toys.caller()
    write(ana)
    assert write(ana, pages=1).replayed


def test_the_same_key_over_another_door_is_the_same_request() -> None:
    ana = toys.caller()
    write(ana)
    by_scout = toys.caller(Door.MCP, user_id=ana.user_id, client_id="scout")
    assert dispatch(toys.WRITE, by_scout, {"title": "kite", "idempotency_key": KEY}).replayed


def test_the_same_key_of_another_traveler_is_another_request() -> None:
    write(toys.caller())
    assert not write(toys.caller(), title="of bo").replayed
    assert toys.notes() == 2


def test_without_a_traveler_the_key_belongs_to_the_partner() -> None:
    keyed = replace(toys.WRITE, needs=Credentials.KEY)
    aviare = toys.caller(user_id=None, scopes=frozenset())
    write(aviare, keyed)
    assert write(replace(aviare, api_key_id=uuid4()), keyed).replayed
    assert not write(toys.caller(user_id=None), keyed, title="of kestrel").replayed


def test_a_call_without_an_optional_key_acts_each_time() -> None:
    ana = toys.caller()
    write(ana, key=None, title="one")
    write(ana, key=None, title="two")
    assert toys.notes() == 2
    assert not IdempotencyRecord.objects.exists()


def test_a_first_call_that_was_refused_stores_nothing_and_may_come_again() -> None:
    ana = toys.caller()
    assert isinstance(refusal(ana, toys.REFUSE), PaperIsOut)
    assert not IdempotencyRecord.objects.exists()
    assert toys.notes() == 0
    assert not write(ana).replayed


def test_a_first_call_that_crashed_stores_nothing_and_may_come_again() -> None:
    ana = toys.caller()
    assert isinstance(refusal(ana, toys.CRASH), Internal)
    assert not IdempotencyRecord.objects.exists()
    assert toys.notes() == 0
    assert not write(ana).replayed


def test_wrong_arguments_store_nothing() -> None:
    ana = toys.caller()
    refusal(ana, toys.WRITE, title=7)
    assert not write(ana).replayed


def test_a_replay_is_authorized_again() -> None:
    ana = toys.caller()
    write(ana)
    assert isinstance(refusal(replace(ana, scopes=frozenset()), toys.WRITE), InsufficientScope)


def test_a_url_s_strings_and_json_make_one_request() -> None:
    ana = toys.caller()
    write(ana, pages=3)
    assert dispatch(toys.WRITE, ana, StringArguments(title="kite", pages="3"), KEY).replayed


class TestSaga:
    """A write with an `advance`: it reserves, then goes on with no transaction open."""

    @staticmethod
    def reserve(ctx: Context, request: toys.WriteNote) -> None:
        """Reserve a note

        And go on.
        """
        toys.write(ctx, request)

    @staticmethod
    def finish(ctx: Context, note_id: Any) -> toys.NoteView:
        return toys.NoteView(note_id=note_id, title=UsagePlan.objects.get(pk=note_id).name)

    @staticmethod
    def out_of_paper(ctx: Context, note_id: Any) -> toys.NoteView:
        raise PaperIsOut(title="kite")

    @pytest.fixture
    def saga(self) -> Operation:
        return toys.operation(self.reserve, name="saga", advance=self.finish)

    def test_a_replay_goes_on_where_the_first_stood(self, saga: Operation) -> None:
        ana = toys.caller()
        first, again = write(ana, saga), write(ana, saga)
        assert (again.view, again.status, again.replayed) == (first.view, 201, True)
        assert toys.notes() == 1

    def test_a_refusal_after_acceptance_is_told_again(self, saga: Operation) -> None:
        ana, refusing = toys.caller(), replace(saga, advance=self.out_of_paper)
        first, again = refusal(ana, refusing), refusal(ana, refusing)
        assert (type(again), again.facts, again.text) == (PaperIsOut, first.facts, first.text)
        assert (first.replayed, again.replayed) == (False, True)
        assert toys.notes() == 1

    def test_what_was_refused_and_came_to_be_all_the_same_is_told_as_it_is(self, saga: Operation) -> None:
        ana = toys.caller()
        refusal(ana, replace(saga, advance=self.out_of_paper))
        assert write(ana, saga).replayed
        assert toys.notes() == 1

    def test_its_key_is_never_free_again(self, saga: Operation, clock: StoppedClock) -> None:
        ana = toys.caller()
        first = write(ana, saga)
        clock.forward(days=10_000)
        assert idempotency.tidy(now=clock.now) == 0
        assert (write(ana, saga).view, toys.notes()) == (first.view, 1)

    def test_after_a_crash_on_the_way_a_replay_takes_it_up(self, saga: Operation) -> None:
        def crash(ctx: Context, note_id: Any) -> toys.NoteView:
            raise RuntimeError(toys.SECRET)

        ana = toys.caller()
        assert isinstance(refusal(ana, replace(saga, advance=crash)), Internal)
        again = write(ana, saga)
        assert (again.status, again.replayed, toys.notes()) == (201, True, 1)

    def test_a_refused_reservation_stores_nothing(self, saga: Operation) -> None:
        ana = toys.caller()
        refusal(ana, toys.operation(toys.write_and_refuse, name="saga", advance=self.finish))
        assert not IdempotencyRecord.objects.exists()
        assert not write(ana, saga).replayed

    def test_each_call_leaves_its_lines(self, saga: Operation) -> None:
        ana = toys.caller()
        write(ana, saga)
        write(ana, saga)
        assert [line.code for line in AuditEvent.objects.order_by("id")] == ["", "done"] * 2


def test_the_first_status_told_is_the_one_that_stays() -> None:
    ana = toys.caller()
    assert ana.user_id is not None
    claim = Claim.of(toys.WRITE, ana.user_id, KEY, toys.WriteNote(title="kite"))
    early = idempotency.insert(claim, Context(caller=ana, now=toys.NEW_YEAR, clock=clock.now))
    late = idempotency.find(claim)
    assert idempotency.settle_first(early, status=202) == 202
    assert idempotency.settle_first(late, status=201) == 202
    assert idempotency.settle_first(idempotency.find(claim), status=201) == 202
