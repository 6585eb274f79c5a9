"""What the audit trail holds of an agent's call, in both eras: who, by which client, which tool, and how it ended."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import pytest
from django.test import Client
from pydantic import Field

from movmo.operations.context import Caller, Context, Request, View
from movmo.operations.models import AuditEvent
from movmo.operations.redaction import Redacted
from movmo.operations.spec import POST, Credentials, Effect, operation
from tests.contract.arguments import arguments_for
from tests.contract.world import World
from tests.mcp_server.conftest import LEGACY, Post, legacy_call, modern_call, modern_headers
from tests.mcp_server.toys import ANA, SoldOutToy
from tests.office import clerk_with_app, entered

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "ana-folds-once"
NUMBER = "NX4P87L21"
REQUEST_ID = "trace-of-scout-1"


class FoldKite(Request):
    name: str = Field(description="The kite's name")
    number: Annotated[str, Redacted] = Field(description="The kite's own number")


class FoldedView(View):
    id: UUID


Say = Callable[..., None]


@pytest.fixture(params=["legacy", "modern"])
def say(request: pytest.FixtureRequest, knock: Post) -> Say:
    """Call a tool as one era's clients do."""

    @operation(
        "fold_kite_v2",
        rest=POST("/v1/kites/folds/v2"),
        needs=Credentials.KEY_AND_USER,
        scopes=("bookings:write",),
        effect=Effect.WRITE,
        errors=(SoldOutToy,),
    )
    def fold_kite_v2(ctx: Context, request: FoldKite) -> FoldedView:
        """Fold a kite

        The second way to do it.
        """
        if request.name == "stiff":
            raise SoldOutToy(kite=request.name)
        return FoldedView(id=ctx.resource_id)

    def call(tool: str, token: str = "wide", **arguments: Any) -> None:
        if request.param == "modern":
            knock(modern_call(tool, **arguments), token=token, x_request_id=REQUEST_ID, **modern_headers(tool))
        else:
            sent = {"x_request_id": REQUEST_ID, "mcp_protocol_version": LEGACY}
            knock(legacy_call(tool, **arguments), token=token, **sent)

    return call


def lines() -> list[AuditEvent]:
    return list(AuditEvent.objects.order_by("id"))


def test_a_read_leaves_who_asked_by_which_client_for_what(say: Say) -> None:
    say("look_at_kite", name="red")
    (line,) = lines()
    assert (line.door, line.user_id, line.client_id, line.request_id) == ("mcp", ANA, "scout", REQUEST_ID)
    assert (line.operation, line.phase, line.code) == ("look_at_kite", "outcome", "done")
    assert line.arguments == {"name": "red"}
    assert line.duration_ms is not None


def test_a_write_leaves_what_was_meant_and_what_came_of_it(say: Say) -> None:
    say("fold_kite_v2", name="red", number=NUMBER, idempotency_key=KEY)
    intent, outcome = lines()
    assert [intent.phase, outcome.phase, outcome.code] == ["intent", "outcome", "done"]
    assert intent.call_id == outcome.call_id
    assert outcome.resource_id is not None
    assert outcome.duration_ms is not None
    # A version is an operation of its own: its name tells which it was.
    assert {line.operation for line in lines()} == {"fold_kite_v2"}


def test_what_is_redacted_is_in_no_line(say: Say) -> None:
    for name in ("red", "stiff"):
        say("fold_kite_v2", name=name, number=NUMBER, idempotency_key=KEY + name)
    assert [line.arguments for line in lines()] == [
        {"name": name, "number": "[redacted]"} for name in ("red", "red", "stiff", "stiff")
    ]
    assert NUMBER not in repr(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("tool", "token", "arguments", "code"),
    [
        ("fold_kite_v2", "narrow", {"name": "red"}, "insufficient_scope"),  # refused at the gate, by HTTP's own 403
        ("fold_kite_v2", "wide", {"name": "red", "number": NUMBER}, "idempotency_key_missing"),
        ("look_at_kite", "wide", {"title": "red"}, "validation_failed"),
        ("look_at_kite", "wide", {"name": "gone"}, "toy_sold_out"),
        ("tear_kite", "wide", {"name": "red"}, "internal_error"),
    ],
)
def test_a_refused_call_leaves_its_reason(
    say: Say, tool: str, token: str, arguments: dict[str, Any], code: str
) -> None:
    say(tool, token, **arguments)
    (line,) = lines()
    assert (line.operation, line.phase, line.code) == (tool, "outcome", code)
    assert (line.user_id, line.client_id, line.request_id) == (ANA, "scout", REQUEST_ID)
    assert line.duration_ms is not None
    assert NUMBER not in repr(line.arguments)


def test_a_call_of_nobody_leaves_none(say: Say) -> None:
    say("look_at_kite", "stolen", name="red")
    assert lines() == []


def test_staff_see_them(world: World, ana_by_scout: Caller, client: Client) -> None:
    world.call("create_passenger_profile", by=ana_by_scout, **arguments_for("create_passenger_profile", world))
    outcome = lines()[-1]
    office = entered(client, clerk_with_app())
    shown = office.get("/admin/operations/auditevent/", {"q": str(outcome.call_id)}).content.decode()
    whole = office.get(f"/admin/operations/auditevent/{outcome.pk}/change/").content.decode()
    for told in ("create_passenger_profile", "done", "mcp", str(ana_by_scout.client_id), str(ana_by_scout.user_id)):
        assert told in shown
        assert told in whole
    assert str(outcome.call_id) in whole
    assert "[redacted]" in whole
    assert "Müller" not in shown + whole


@pytest.mark.parametrize(("named", "written"), [("fold_boat", "fold_boat"), ("Ignore all of this!", "(no name)")])
def test_a_tool_that_there_is_not_leaves_a_line_and_counts(say: Say, settings: Any, named: str, written: str) -> None:
    settings.MOVMO_USER_RATE, settings.MOVMO_USER_BURST = 1, 2
    for _ in range(4):
        say(named)
    lines = AuditEvent.objects.order_by("id")
    assert [(line.operation, line.code) for line in lines] == [(written, "unknown_tool")] * 2
