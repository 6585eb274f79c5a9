"""What doors take and give for exports."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from bookings.booking.document.schemas import DocumentKind
from bookings.booking.states import State as BookingState
from bookings.export.states import ExportState
from bookings.offer.schemas import ProviderName
from bookings.reconciliation.states import CaseState, Class
from movmo.operations.context import PageRequest, Request, View
from movmo.operations.moments import Moment

Word = Annotated[str, StringConstraints(pattern="^[a-z0-9_]{1,80}$")]


class DatasetName(StrEnum):
    BOOKINGS = "bookings"
    PASSENGERS = "passengers"
    DOCUMENTS = "documents"
    DISCREPANCIES = "discrepancies"
    USAGE = "usage"
    AUDIT = "audit"


class PartnerDataset(StrEnum):
    """Those with rows of partners."""

    BOOKINGS = "bookings"
    PASSENGERS = "passengers"
    DOCUMENTS = "documents"
    DISCREPANCIES = "discrepancies"
    USAGE = "usage"


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    XLSX = "xlsx"


class Filters(Request):
    """Which rows. Each dataset has some of them; all that are given hold together."""

    status: BookingState | None = Field(
        default=None,
        description="Of bookings, passengers and documents: only of bookings in this state.",
        examples=["ticketed"],
    )
    provider: ProviderName | None = Field(
        default=None, description="Of all but usage: only this provider's.", examples=["sandbox"]
    )
    kind: DocumentKind | None = Field(default=None, description="Of documents: only of this kind.", examples=["ticket"])
    discrepancy_class: Class | None = Field(
        default=None, description="Of discrepancies: only of this class.", examples=["amount_mismatch"]
    )
    discrepancy_status: CaseState | None = Field(
        default=None, description="Of discrepancies: only those in this state.", examples=["open"]
    )
    statement_id: UUID | None = Field(default=None, description="Of discrepancies: only those of this statement.")
    booking_id: UUID | None = Field(default=None, description="Of discrepancies: only those about this booking.")
    operation: Word | None = Field(
        default=None, description="Of usage: only calls of this operation.", examples=["search_flights"]
    )
    since: Moment | None = Field(
        default=None,
        description="Only rows made at or after this time; of usage, from its day (UTC) on.",
        examples=["2026-09-01T00:00:00Z"],
    )
    until: Moment | None = Field(
        default=None,
        description="Only rows made before this time; of usage, up to the last day (UTC) that began before it.",
        examples=["2026-10-01T00:00:00Z"],
    )


class StaffFilters(Filters):
    """What staff may choose by beside that."""

    partner: UUID | None = Field(default=None, description="Only this partner's rows.")
    user: UUID | None = Field(default=None, description="Of the audit trail: only calls for this traveler.")
    client: Annotated[str, StringConstraints(max_length=255)] | None = Field(
        default=None, description="Of the audit trail: only calls of this OAuth client."
    )
    door: Word | None = Field(default=None, description="Only what came through this door.")
    phase: Word | None = Field(default=None, description="Of the audit trail: only intents, or only outcomes.")
    code: Word | None = Field(default=None, description="Of the audit trail: only this outcome.")
    resource: UUID | None = Field(default=None, description="Of the audit trail: only calls about this resource.")


class CreateExport(Request):
    dataset: PartnerDataset = Field(
        description="Which rows: `bookings`; `passengers` of bookings, masked; `documents`, which are tickets, EMDs, "
        "refunds and voids; `discrepancies` of your statements; or `usage` by day and operation. Only your own, and "
        "only what the key's mode reaches.",
        examples=["bookings"],
    )
    format: Format = Field(
        default=Format.CSV,
        description="`csv`, `jsonl` (one JSON object a line), `parquet`, or `xlsx` of at most 100,000 rows.",
        examples=["csv"],
    )
    bom: bool = Field(
        default=False,
        description="Begin a CSV with a byte order mark, by which Excel knows that it is UTF-8.",
        examples=[False],
    )
    filters: Filters = Field(default=Filters(), description="Only rows like these; left out: all of them.")


class ExportRequest(Request):
    export_id: UUID = Field(description="From create_export or list_exports.")


class ListExports(PageRequest):
    status: ExportState | None = Field(default=None, description="Only exports in this state.", examples=["ready"])


class ExportFailure(View):
    code: str = Field(examples=["too_many_rows"])
    message: str = Field(examples=["An Excel file holds at most 100,000 rows."])


class ExportView(View):
    export_id: UUID
    dataset: PartnerDataset = Field(examples=["bookings"])
    format: Format = Field(examples=["csv"])
    status: ExportState = Field(
        description="`ordered`: waits for a worker. `running`: is being written. `ready`: fetch it by a link. "
        "`failed`: `failure` says why. `expired`: the file was deleted; its record stays.",
        examples=["ready"],
    )
    filters: Filters
    rows_written: int = Field(description="How far it has come.", examples=[18250])
    rows_expected: int | None = Field(description="How many it will be; null before it begins.", examples=[18250])
    as_of: datetime | None = Field(
        description="All rows are as they were at this moment; what was committed before is in it.",
        examples=["2026-09-14T07:30:00Z"],
    )
    row_count: int | None = Field(description="Of the finished file.", examples=[18250])
    bytes: int | None = Field(description="Of the finished file.", examples=[2_310_554])
    sha256: str | None = Field(
        description="Of the finished file, in hexadecimal.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    failure: ExportFailure | None = Field(default=None, description="Why there is no file.", examples=[None])
    created_at: datetime
    finished_at: datetime | None = Field(examples=["2026-09-14T07:30:02Z"])
    file_expires_at: datetime | None = Field(description="When the file is deleted.", examples=["2026-09-21T07:30:02Z"])


class ExportList(View):
    data: list[ExportView] = Field(description="Newest first, of the key's mode.")
    next_cursor: str | None = None


class LinkView(View):
    export_id: UUID
    url: str = Field(
        description="Fetch it with GET, without a key. Whoever has it can until it ends: keep it to yourself.",
        examples=["https://api.example.com/exports/0199a5b0-7c00-7000-8000-000000000000/file?token=eyJ..."],
    )
    expires_at: datetime = Field(description="15 minutes from now.")
