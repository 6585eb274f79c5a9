"""What is told about an export that a partner ordered."""

from uuid import UUID

from pydantic import BaseModel, Field

from bookings.export.models import Export
from movmo.operations import events
from movmo.operations.events import EventType, Subject


class ExportEvent(BaseModel):
    export_id: UUID
    dataset: str = Field(description="What was exported.", examples=["bookings"])
    format: str = Field(examples=["csv"])


class ExportReadyEvent(ExportEvent):
    row_count: int = Field(examples=[18250])


class ExportFailedEvent(ExportEvent):
    code: str = Field(description="Why there is no file.", examples=["too_many_rows"])


READY = events.declare(
    EventType("export.ready.v1", "The file of an export can be fetched by a link.", ExportReadyEvent)
)
FAILED = events.declare(EventType("export.failed.v1", "There will be no file of an export.", ExportFailedEvent))
BEFORE = 0
"""Events of an export before its last: one is all that there is."""


def of_outcome(export: Export) -> tuple[EventType, BaseModel]:
    about = {"export_id": export.pk, "dataset": export.dataset, "format": export.format}
    if export.failure_code:
        return FAILED, ExportFailedEvent(**about, code=export.failure_code)
    return READY, ExportReadyEvent(**about, row_count=export.row_count or 0)


def subject(export: Export) -> Subject:
    return Subject(export.pk, export.partner_id, None, is_live=bool(export.is_live))
