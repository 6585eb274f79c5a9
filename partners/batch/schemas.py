"""What the door takes and gives about batches."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from movmo.operations.context import PageRequest, Request, View
from movmo.operations.redaction import Redacted
from partners.batch.states import BatchState, LineState

MOST_LINES = 10_000
LINE = '{"operation": "get_usage", "arguments": {}}'


class Content(BaseModel):
    """One line as it was sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    operation: str
    arguments: dict[str, Any] = {}
    idempotency_key: str | None = None
    access_token: str | None = None


class CreateBatch(Request):
    # A line may hold whatever a call may, and a traveler's token besides.
    lines: Annotated[str, Redacted] = Field(
        min_length=2,
        description=f"At most {MOST_LINES:,} calls as JSON Lines: on each line one object with `operation` (its name), "
        "`arguments` (its path, query and body together), `idempotency_key` (for everything but a read) and "
        "`access_token` (where it acts for a traveler; kept encrypted, and wiped when the line is done).",
        examples=[LINE],
    )


class BatchRequest(Request):
    batch_id: UUID = Field(description="From create_batch.")


class ListBatches(PageRequest):
    status: BatchState | None = Field(default=None, description="Only batches in this state.", examples=["running"])


class ListResults(PageRequest):
    batch_id: UUID = Field(description="From create_batch.")
    status: LineState | None = Field(default=None, description="Only lines in this state.", examples=["refused"])


class BatchView(View):
    batch_id: UUID
    status: BatchState = Field(
        description="`running` until every line is settled, then `completed`; `cancelling` while lines that had begun "
        "are run to their end, then `cancelled`.",
        examples=["running"],
    )
    lines: int = Field(examples=[2500])
    done: int = Field(description="Lines that were answered.", examples=[1200])
    refused: int = Field(description="Lines that were refused; their results say why.", examples=[3])
    skipped: int = Field(description="Lines of a cancelled batch that had not begun.", examples=[0])
    progress: float = Field(description="How much of it is settled, from 0 to 1.", examples=[0.48])
    waits_for: str | None = Field(
        default=None, description="The limit that holds it up: `rate_limited` or `quota_exhausted`.", examples=[None]
    )
    waits_until: datetime | None = Field(default=None, description="When it goes on.", examples=[None])
    created_at: datetime
    ended_at: datetime | None = Field(default=None, examples=[None])
    results_until: datetime | None = Field(default=None, description="When it is forgotten.", examples=[None])


class BatchList(View):
    data: list[BatchView] = Field(description="Newest first.")
    next_cursor: str | None = None


class LineView(View):
    line: int = Field(description="Its number in what was sent, from 1.", examples=[17])
    operation: str = Field(examples=["get_usage"])
    status: LineState
    status_code: int | None = Field(default=None, description="What REST would have answered.", examples=[200])
    result: dict[str, Any] | None = Field(
        default=None,
        description="Of a line that is done: the operation's own answer; of one that was refused: the error, as "
        "elsewhere. Null for what answers nothing, and once the traveler's account was deleted.",
        examples=[{"first_day": "2026-09-01"}],
    )


class ResultPage(View):
    data: list[LineView] = Field(description="By line.")
    next_cursor: str | None = None
