"""The audit trail: an intent before each write, an outcome after it, and every refusal."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from movmo.kit.errors import DomainError
from movmo.operations import limits
from movmo.operations.context import Caller, Door
from movmo.operations.dispatch import dispatch, refuse
from movmo.operations.models import AuditEvent
from movmo.operations.scopes import InsufficientScope
from movmo.operations.spec import Operation
from tests.operations import toys

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]

KEY = "ana-writes-once"
NOTE: Mapping[str, Any] = {"title": "kite", "secret": toys.SECRET}


def call(operation: Operation, caller: Caller, arguments: Mapping[str, Any] = NOTE, key: str | None = KEY) -> Any:
    try:
        return dispatch(operation, caller, arguments, key)
    except DomainError as refusal:
        return refusal


def lines() -> list[tuple[str, str]]:
    return [(line.phase, line.code) for line in AuditEvent.objects.order_by("id")]


@pytest.mark.parametrize("door", [Door.REST, Door.MCP])
def test_a_write_leaves_its_intent_and_its_outcome(door: Door) -> None:
    call(toys.FILE, toys.caller(door))
    assert lines() == [("intent", ""), ("outcome", "done")]


def test_a_replay_leaves_an_intent_and_an_outcome_of_its_own() -> None:
    ana = toys.caller()
    call(toys.FILE, ana)
    call(toys.FILE, ana)
    assert lines() == [("intent", ""), ("outcome", "done")] * 2
    assert AuditEvent.objects.values("call_id").distinct().count() == 2


def test_reads_leave_an_outcome_over_mcp_only() -> None:
    ana = toys.caller()
    note_id = str(call(toys.FILE, ana).view.note_id)
    AuditEvent.objects.all().delete()
    call(toys.READ, ana, {"note_id": note_id}, None)
    assert lines() == []
    call(toys.READ, toys.caller(Door.MCP), {"note_id": note_id}, None)
    assert lines() == [("outcome", "done")]


@pytest.mark.parametrize("door", [Door.REST, Door.MCP])
def test_a_refused_read_leaves_an_outcome_over_every_door(door: Door) -> None:
    call(toys.READ, toys.caller(door), {"note_id": str(UUID(int=0))}, None)
    assert lines() == [("outcome", "not_found")]


def test_a_write_refused_by_its_handler_leaves_both() -> None:
    call(toys.REFUSE, toys.caller())
    assert lines() == [("intent", ""), ("outcome", "toy_paper_is_out")]


def test_a_write_that_crashed_leaves_both_and_no_detail() -> None:
    call(toys.CRASH, toys.caller())
    assert lines() == [("intent", ""), ("outcome", "internal_error")]


@pytest.mark.parametrize(
    ("changes", "arguments", "key", "code"),
    [
        ({"scopes": frozenset()}, NOTE, KEY, "insufficient_scope"),
        ({}, {"titel": "kite"}, KEY, "validation_failed"),
        ({}, NOTE, "short", "idempotency_key_invalid"),
    ],
)
def test_a_call_refused_before_its_act_leaves_an_outcome(
    changes: dict[str, Any], arguments: Mapping[str, Any], key: str, code: str
) -> None:
    call(toys.FILE, toys.caller(**changes), arguments, key)
    assert lines() == [("outcome", code)]


@pytest.mark.parametrize("changes", [{"user_id": None}, {"partner_id": None}])
def test_a_call_without_credentials_names_nobody_and_leaves_no_line(changes: dict[str, Any]) -> None:
    call(toys.FILE, toys.caller(**changes), NOTE, KEY)
    assert lines() == []


def test_a_flood_of_refusals_is_no_flood_of_lines() -> None:
    narrow = toys.caller(scopes=frozenset())
    for _ in range(limits.REFUSALS_AT_ONCE + 50):
        call(toys.FILE, narrow, NOTE, KEY)
    assert limits.REFUSALS_AT_ONCE <= AuditEvent.objects.count() < limits.REFUSALS_AT_ONCE + 50


def test_a_door_s_own_refusal_is_written_down() -> None:
    refuse(toys.FILE, toys.caller(), InsufficientScope(missing="offers:write", required=["offers:write"]))
    assert lines() == [("outcome", "insufficient_scope")]


def test_a_line_says_who_did_what_through_which_door() -> None:
    ana = toys.caller(client_id="web", request_id="request-7")
    view = call(toys.FILE, ana).view
    outcome = AuditEvent.objects.get(phase="outcome")
    assert (outcome.user_id, outcome.partner_id, outcome.client_id) == (ana.user_id, ana.partner_id, "web")
    assert (outcome.door, outcome.operation, outcome.request_id) == ("rest", "file", "request-7")
    assert outcome.resource_id == view.note_id
    assert outcome.duration_ms is not None


def test_both_lines_of_a_call_share_its_id() -> None:
    call(toys.FILE, toys.caller())
    assert AuditEvent.objects.values("call_id").distinct().count() == 1


@pytest.mark.parametrize("door", [Door.REST, Door.MCP])
def test_arguments_are_kept_without_their_secrets(door: Door) -> None:
    call(toys.FILE, toys.caller(door))
    kept = AuditEvent.objects.filter(phase="intent").get().arguments
    assert kept == {"title": "kite", "pages": 1, "secret": "[redacted]"}


def test_no_secret_is_in_any_line_even_of_a_refusal() -> None:
    call(toys.REFUSE, toys.caller())
    call(toys.CRASH, toys.caller())
    call(toys.FILE, toys.caller(), {**NOTE, "pages": toys.SECRET})
    call(toys.FILE, toys.caller(), {**NOTE, toys.SECRET: 1})
    assert toys.SECRET not in repr(list(AuditEvent.objects.values()))


def test_a_line_reads_as_what_happened() -> None:
    call(toys.REFUSE, toys.caller())
    assert [str(line) for line in AuditEvent.objects.order_by("id")] == [
        "intent write_and_refuse",
        "outcome write_and_refuse toy_paper_is_out",
    ]
