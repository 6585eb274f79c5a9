"""Toy operations: notes. A note is a row of `usage_plan`, the simplest table that this layer may see."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import Field

from movmo.kit.errors import DomainError, Kind, NotFound
from movmo.operations.context import Caller, Context, Door, NoArguments, Request, View
from movmo.operations.redaction import Redacted
from movmo.operations.scopes import SCOPES
from movmo.operations.spec import GET, POST, Credentials, Effect, Idempotency, Operation
from partners.plan.models import UsagePlan

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
SECRET = "the password is hunter2"
RESOURCE = "notes://v1/{note_id}"


class PaperIsOut(DomainError):
    kind = Kind.CONFLICT
    code = "toy_paper_is_out"
    message = "There is no paper for {title}."
    hint = "Buy some."


class WriteNote(Request):
    title: str = Field(max_length=40, description="The note's title.")
    pages: int = Field(default=1, description="How many pages it has.")
    secret: Annotated[str, Redacted] | None = Field(default=None, description="Never written down in clear.")


class ReadNote(Request):
    note_id: UUID = Field(description="The note.")


class NoteView(View):
    note_id: UUID
    title: str


def write(ctx: Context, request: WriteNote) -> NoteView:
    """Write a note

    It is kept.
    """
    UsagePlan.objects.create(id=ctx.resource_id, name=request.title, rate=1, burst=request.pages)
    return NoteView(note_id=ctx.resource_id, title=request.title)


def read(ctx: Context, request: ReadNote) -> NoteView:
    """Read a note

    As it stands now.
    """
    note = UsagePlan.objects.filter(pk=request.note_id).first()
    if note is None:
        raise NotFound("note")
    return NoteView(note_id=note.pk, title=note.name)


def write_and_crash(ctx: Context, request: WriteNote) -> NoteView:
    """Write a note and crash

    Always.
    """
    write(ctx, request)
    raise RuntimeError(SECRET)


def write_and_refuse(ctx: Context, request: WriteNote) -> NoteView:
    """Write a note and refuse it

    Always.
    """
    write(ctx, request)
    raise PaperIsOut(title=request.title)


def list_nothing(ctx: Context, request: NoArguments) -> View:
    """List nothing

    For everybody.
    """
    return View()


def operation(handler: Callable[..., Any], **changes: Any) -> Operation:
    """A declaration of one of the handlers above; an optional-key write with key and token unless said otherwise."""
    declared: dict[str, Any] = {
        "name": handler.__name__,
        "rest": POST(f"/v1/{handler.__name__}"),
        "needs": Credentials.KEY_AND_USER,
        "scopes": ("offers:write",),
        "effect": Effect.WRITE,
        "idempotency": Idempotency.OPTIONAL,
        "errors": (PaperIsOut,),
    }
    return Operation(handler=handler, **{**declared, **changes})


WRITE = operation(write)
CRASH = operation(write_and_crash)
REFUSE = operation(write_and_refuse)
FILE = operation(write, name="file", rest=POST("/v1/notes"), resource=RESOURCE)
READ = operation(
    read,
    rest=GET("/v1/notes/{note_id}"),
    scopes=("flights:read",),
    effect=Effect.READ,
    idempotency=Idempotency.NONE,
    resource=RESOURCE,
)


def caller(door: Door = Door.REST, **changes: Any) -> Caller:
    """Somebody with every credential of the door."""
    who: dict[str, Any] = {"user_id": uuid4(), "scopes": frozenset(SCOPES)}
    if door is Door.REST:
        who |= {"partner_id": uuid4(), "api_key_id": uuid4()}
    return Caller(door=door, **{**who, **changes})


def notes() -> int:
    return UsagePlan.objects.count()
