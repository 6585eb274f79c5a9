"""What is told about a batch: its end. Progress is read."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from movmo.operations import events
from movmo.operations.events import EventType, Subject
from partners.batch.models import Batch
from partners.batch.states import BatchState


class BatchEvent(BaseModel):
    batch_id: UUID
    status: BatchState = Field(
        description="`completed`, or `cancelled` where it was taken back.", examples=["completed"]
    )
    lines: int = Field(examples=[2500])
    done: int = Field(description="Lines that were answered.", examples=[2491])
    refused: int = Field(description="Lines that were refused; their results say why.", examples=[9])
    skipped: int = Field(description="Lines of a cancelled batch that had not begun.", examples=[0])


COMPLETED = events.declare(
    EventType("batch.completed.v1", "Every line of a batch is settled; its results can be read.", BatchEvent)
)


def tell(batch: Batch, *, at: datetime) -> None:
    """In the transaction that ends it."""
    told = BatchEvent(
        batch_id=batch.pk,
        status=BatchState(batch.state),
        lines=batch.lines,
        done=batch.done,
        refused=batch.refused,
        skipped=batch.skipped,
    )
    events.write(Subject(batch.pk, batch.partner_id, None, is_live=batch.is_live), [(COMPLETED, told)], after=0, at=at)
