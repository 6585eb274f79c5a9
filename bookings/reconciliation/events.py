"""What is told about a statement: that it was compared, each time. The discrepancies are read."""

from uuid import UUID

from pydantic import BaseModel, Field

from bookings.catalogue import modes
from bookings.reconciliation.models import Run
from movmo.operations import events
from movmo.operations.events import EventType, Subject


class RunEvent(BaseModel):
    statement_id: UUID
    run_id: UUID
    number: int = Field(description="Counts the comparisons of this statement.", examples=[1])
    lines: int = Field(examples=[1200])
    matched: int = Field(description="Lines on which both sides agree.", examples=[1193])
    new: int = Field(description="Discrepancies that the run before did not find.", examples=[7])
    changed: int = Field(description="Found before, and different now.", examples=[0])
    same: int = Field(description="Found before, and as they were.", examples=[0])
    gone: int = Field(description="Found before, and not any more.", examples=[0])


COMPLETED = events.declare(
    EventType("reconciliation.completed.v1", "A statement was compared with the bookings.", RunEvent)
)


def tell(run: Run) -> None:
    """In the transaction that ends the run. Of a statement of ours no partner hears."""
    statement = run.statement
    before = statement.runs.filter(state=Run.State.DONE, number__lt=run.number).count()
    told = RunEvent(
        statement_id=statement.pk,
        run_id=run.pk,
        number=run.number,
        lines=run.counts.get("lines", 0),
        matched=run.counts.get("matched", 0),
        new=run.new,
        changed=run.changed,
        same=run.same,
        gone=run.gone,
    )
    subject = Subject(statement.pk, statement.partner_id, None, is_live=not modes.is_sandbox(statement.provider))
    events.write(subject, [(COMPLETED, told)], after=before, at=run.finished_at or run.started_at)
