"""What a caller hears when something goes wrong on our side: a refusal, never a detail, and nothing half done."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from movmo.kit import clock
from movmo.kit.errors import DomainError, Internal
from movmo.operations.context import Context, Door
from movmo.operations.dispatch import Contended, dispatch
from movmo.operations.idempotency import Claim, IdempotencyInProgress, find, insert
from movmo.operations.models import AuditEvent, IdempotencyRecord
from movmo.operations.scopes import InsufficientScope
from tests.operations import toys
from tests.operations.together import wait_for_locks, while_another_holds

KEY = "ana-writes-once"
NOTE = {"title": "kite"}


@pytest.fixture
def impatient(transactional_db: None) -> Any:
    """This connection gives up on a lock at once."""
    wait_for_locks(40)
    yield
    connection.close()


def refused(call: Callable[[], object]) -> DomainError:
    with pytest.raises(DomainError) as caught:
        call()
    return caught.value


@pytest.mark.django_db
def test_a_crash_rolls_everything_back_and_answers_without_detail() -> None:
    refusal = refused(lambda: dispatch(toys.CRASH, toys.caller(), NOTE, KEY))
    assert type(refusal) is Internal
    assert refusal.facts == {}
    assert toys.SECRET not in refusal.text
    assert toys.notes() == IdempotencyRecord.objects.count() == 0


@pytest.mark.django_db
def test_the_log_of_a_crash_does_not_show_the_arguments(caplog: pytest.LogCaptureFixture) -> None:
    refused(lambda: dispatch(toys.CRASH, toys.caller(), {**NOTE, "secret": "swordfish"}, KEY))
    (record,) = caplog.records
    written = [handler.format(record) for handler in logging.getLogger().handlers]
    assert all("operation.crashed" in line for line in written)
    assert not any("swordfish" in line for line in written)


@pytest.mark.django_db
def test_a_crash_without_a_key_rolls_back_too() -> None:
    assert isinstance(refused(lambda: dispatch(toys.CRASH, toys.caller(), NOTE)), Internal)
    assert toys.notes() == 0


@pytest.mark.django_db
def test_a_database_that_fails_otherwise_than_by_a_lock_is_our_own_fault() -> None:
    def unplug(ctx: Context, request: toys.WriteNote) -> toys.NoteView:
        """Unplug the database

        Always.
        """
        raise OperationalError("server closed the connection unexpectedly")

    assert isinstance(refused(lambda: dispatch(toys.operation(unplug), toys.caller(), NOTE, KEY)), Internal)


@pytest.mark.django_db
def test_a_dying_process_is_not_held_back() -> None:
    def interrupt(ctx: Context, request: toys.WriteNote) -> toys.NoteView:
        """Be interrupted

        Always.
        """
        toys.write(ctx, request)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dispatch(toys.operation(interrupt), toys.caller(), NOTE, KEY)
    assert toys.notes() == IdempotencyRecord.objects.count() == 0


@pytest.mark.django_db
def test_a_record_that_vanished_is_still_in_progress() -> None:
    ana = toys.caller()
    assert ana.user_id is not None
    claim = Claim.of(toys.WRITE, ana.user_id, KEY, toys.WriteNote(title="kite"))
    with pytest.raises(IdempotencyInProgress) as caught:
        find(claim)
    assert caught.value.retry_after == 1


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_is_not_to_be_had_in_time_is_contended() -> None:
    ana = toys.caller()
    assert ana.user_id is not None
    claim = Claim.of(toys.WRITE, ana.user_id, KEY, toys.WriteNote(title="kite"))

    def hold() -> None:
        insert(claim, Context(caller=ana, now=toys.NEW_YEAR, clock=clock.now))

    refusal = while_another_holds(hold, lambda: refused(lambda: dispatch(toys.WRITE, ana, NOTE, KEY)))
    assert type(refusal) is Contended
    assert (refusal.retry_after, refusal.retryable) == (1, True)
    assert not dispatch(toys.WRITE, ana, NOTE, KEY).replayed


@pytest.mark.usefixtures("impatient")
def test_a_refusal_stays_that_refusal_when_its_audit_line_cannot_be_written() -> None:
    def hold() -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {AuditEvent._meta.db_table} IN ACCESS EXCLUSIVE MODE")

    nobody = toys.caller(Door.MCP, scopes=frozenset())
    refusal = while_another_holds(hold, lambda: refused(lambda: dispatch(toys.WRITE, nobody, NOTE, KEY)))
    assert isinstance(refusal, InsufficientScope)


def test_an_operation_that_needs_no_traveler_tells_nobody_s_id() -> None:
    with pytest.raises(RuntimeError, match="without a traveler"):
        _ = Context(caller=toys.caller(user_id=None), now=toys.NEW_YEAR, clock=clock.now).traveler_id
