"""What the door takes and gives about statements, their comparisons and discrepancies."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from bookings.offer.schemas import MoneyView
from bookings.reconciliation.control import MOST_LINES
from bookings.reconciliation.layout import COLUMNS, KINDS, NEEDED
from bookings.reconciliation.states import CaseState, Class, StatementState
from movmo.operations.context import PageRequest, Request, View
from movmo.operations.redaction import Redacted

DAY = "2027-03-01"
PRINTED = r"^[^\x00-\x1f\x7f]*$"


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Balance = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$")]


class SentFormat(StrEnum):
    CSV = "csv"
    JSON = "json"
    STRIPE = "stripe"
    ADYEN = "adyen"
    MAPPED = "mapped"


class CreateStatement(Request):
    provider: str = Field(
        description="Whose statement it is: a provider's name.", pattern=r"^[a-z0-9_-]{1,40}$", examples=["sandbox"]
    )
    file_name: Annotated[str, Redacted] = Field(
        description="What you call the file.", min_length=1, max_length=120, pattern=PRINTED, examples=["march.csv"]
    )
    format: SentFormat = Field(
        default=SentFormat.CSV,
        description="How the file is written. `mapped` is a CSV with columns of its own, read by `mapping_id`.",
    )
    mapping_id: UUID | None = Field(
        default=None,
        description="For `mapped`: from create_column_mapping or list_column_mappings, of the same provider.",
    )
    period_start: date = Field(description="The first day that it is about (UTC).", examples=[DAY])
    period_end: date = Field(description="The last day that it is about (UTC).", examples=[DAY])
    # A line may name a passenger. Base64, because numbers of tickets may look like those of cards.
    content: Annotated[str, Redacted] = Field(
        min_length=4,
        pattern=r"^[A-Za-z0-9+/]+={0,2}$",
        description="The file as base64, plain or compressed with gzip. The whole request has at most 8 MiB: a longer "
        "file is sent compressed, or day by day. Unpacked it has at most 32 MiB and 200,000 lines.",
        examples=["a2luZCxjdXJyZW5jeSxncm9zcwojIGxpbmVzIDAK"],
    )
    lines: int | None = Field(
        default=None,
        ge=0,
        le=MOST_LINES,
        description="How many lines it has below its header. Without it nobody can tell that a file of `stripe`, "
        "`adyen` or `mapped` was cut off; `csv` and `json` have it in the file.",
        examples=[0],
    )
    opening: dict[Currency, Balance] = Field(
        default_factory=dict,
        max_length=200,
        description='By currency the balance before its lines, such as {"EUR": "0.00"}, if the file does not have it. '
        "Told together with `closing`.",
    )
    closing: dict[Currency, Balance] = Field(
        default_factory=dict,
        max_length=200,
        description="By currency the balance after its lines. What they do not come to is told in `problem`.",
    )
    auto_accept: bool = Field(
        default=False,
        description="Compare it without a look at the preview, if no line is bad and its totals tie.",
    )


class StatementRequest(Request):
    statement_id: UUID = Field(description="From create_statement.")


class AcceptStatement(StatementRequest):
    without_bad_lines: bool = Field(default=False, description="Leave out the lines that cannot be read.")


class DeclineStatement(StatementRequest):
    reason: Annotated[str, Redacted] = Field(
        description="Why, for your colleagues and ours. It is told as the statement's `problem`.",
        min_length=5,
        max_length=200,
        pattern=PRINTED,
        examples=["the airline has sent a corrected file"],
    )


class ListStatements(PageRequest):
    status: StatementState | None = Field(
        default=None, description="Only in this state: `staged` are those that wait for your word.", examples=["staged"]
    )
    provider: str | None = Field(
        default=None, description="Only of this provider.", pattern=r"^[a-z0-9_-]{1,40}$", examples=["sandbox"]
    )


class ListRuns(PageRequest):
    statement_id: UUID | None = Field(default=None, description="Only of this statement.")


class RunRequest(Request):
    run_id: UUID = Field(description="From list_reconciliation_runs.")


class ListDiscrepancies(PageRequest):
    category: Class | None = Field(default=None, description="Only of this class.", examples=["amount_mismatch"])
    status: CaseState | None = Field(default=None, description="Only in this state.", examples=["open"])
    provider: str | None = Field(
        default=None, description="Only of this provider.", pattern=r"^[a-z0-9_-]{1,40}$", examples=["sandbox"]
    )
    statement_id: UUID | None = Field(default=None, description="Only of this statement.")
    booking_id: UUID | None = Field(default=None, description="Only about this booking.")


class PartnerAction(StrEnum):
    NOTE = "note"
    INVESTIGATE = "investigate"
    DISPUTE = "dispute"
    ACCEPT_THEIRS = "accept_theirs"
    WRITE_OFF = "write_off"
    CLOSE = "close"
    REOPEN = "reopen"


class ResolveDiscrepancy(Request):
    discrepancy_id: UUID = Field(description="From list_discrepancies.")
    action: PartnerAction = Field(
        description="What to do about it. `accept_theirs` records the provider's value and changes no booking; "
        "`write_off` is decided by our staff and refused here, and so is `accept_theirs` or `close` where more is at "
        "stake than the limit of our rules.",
        examples=["accept_theirs"],
    )
    reason: Annotated[str, Redacted] = Field(
        description="Why, for your colleagues and ours.",
        min_length=5,
        max_length=200,
        pattern=PRINTED,
        examples=["the airline has sent a corrected invoice"],
    )


class BadLineView(View):
    line: int = Field(description="Its number in the file.", examples=[17])
    column: str | None = Field(examples=["gross"])
    code: str = Field(examples=["gross_missing"])
    message: str = Field(examples=["gross is empty."])


class StatementSummary(View):
    statement_id: UUID
    provider: str = Field(examples=["sandbox"])
    file_name: str = Field(examples=["march.csv"])
    format: str = Field(examples=["csv"])
    mapping_id: UUID | None = Field(description="What a `mapped` file was read by.")
    status: StatementState = Field(
        description="`received` until it is read, `staged` until it is accepted, `accepted` until it is compared, then "
        "`reconciled`; `refused` is of no use or was declined, `problem` says why.",
        examples=["staged"],
    )
    period_start: date
    period_end: date
    sha256: str = Field(description="Of the file; the same file again is the same statement.")
    lines: int = Field(examples=[1200])
    bad: int = Field(description="Lines that cannot be read.", examples=[0])
    totals: dict[str, Any] = Field(
        description="By currency, in minor units: `lines`, `gross_minor`, `turnover_minor` (sales and refunds added up "
        "without their signs), `tax_minor`, `fee_minor`, `net_minor`, and `opening_minor`, `closing_minor` and whether "
        "they tie, where the file tells them.",
    )
    problem_code: str | None = Field(
        description="`declined` by a person, `not_accepted_in_time` by itself, or the code of what was wrong.",
        examples=["statement_unreadable"],
    )
    problem: str | None = Field(description="Why it was refused or declined as a whole, or is not compared yet.")
    accept_until: datetime | None = Field(
        description="While it is `staged`: one that is neither accepted nor declined by then is declined by itself."
    )
    created_at: datetime


class StatementList(View):
    data: list[StatementSummary]
    next_cursor: str | None


class StatementView(StatementSummary):
    errors: list[BadLineView] = Field(description="The first 100 bad lines.")

    def is_undecided(self) -> bool:
        return self.status in (StatementState.RECEIVED, StatementState.ACCEPTED)


class RunView(View):
    run_id: UUID
    statement_id: UUID
    number: int = Field(examples=[1])
    status: str = Field(
        description="`running` until our workers have compared it, then `done`; `failed` where that could not be done.",
        examples=["done"],
    )
    counts: dict[str, Any] = Field(description="`lines`, `matched`, `found`, and what was found `by_class`.")
    totals: dict[str, Any] = Field(
        description="By currency, in minor units: `ours` = `matched_ours` + the sum of `ours` in `by_class`."
    )
    new: int = Field(examples=[7])
    changed: int = Field(examples=[0])
    same: int = Field(examples=[0])
    gone: int = Field(examples=[0])
    as_of: datetime
    finished_at: datetime | None


class RunList(View):
    data: list[RunView]
    next_cursor: str | None


class DiscrepancyView(View):
    discrepancy_id: UUID
    statement_id: UUID
    booking_id: UUID | None
    provider: str = Field(examples=["sandbox"])
    category: Class = Field(examples=["amount_mismatch"])
    status: CaseState = Field(examples=["open"])
    resolution: str | None = Field(examples=["accepted_theirs"])
    subject: str = Field(description="The line, document or booking that it is about.", examples=["line 17"])
    explanation: str = Field(description="By what both sides were found to be the same.")
    ours: dict[str, Any] = Field(description="What our side says.")
    theirs: dict[str, Any] = Field(description="What the statement says.")
    at_risk: MoneyView = Field(description="What may be lost.")
    created_at: datetime
    updated_at: datetime


class DiscrepancyList(View):
    data: list[DiscrepancyView]
    next_cursor: str | None


class DayFormat(StrEnum):
    ISO = "yyyy-mm-dd"
    POINTS = "dd.mm.yyyy"
    SLASHES = "dd/mm/yyyy"
    AMERICAN = "mm/dd/yyyy"
    PLAIN = "yyyymmdd"
    DASHES = "dd-mm-yyyy"


class Delimiter(StrEnum):
    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"
    BAR = "|"


Ours = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
Theirs = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=PRINTED)]


class CreateColumnMapping(Request):
    provider: str = Field(
        description="Whose files have these columns: a provider's name.",
        pattern=r"^[a-z0-9_-]{1,40}$",
        examples=["sandbox"],
    )
    name: Annotated[str, Redacted] = Field(
        description="What you call it: once for each provider.",
        min_length=1,
        max_length=80,
        pattern=PRINTED,
        examples=["monthly billing"],
    )
    columns: dict[Ours, Theirs] = Field(
        description="By our column the name that it has in their header. "
        f"Ours are {', '.join(COLUMNS[:-1])}; needed are {', '.join(NEEDED)}.",
        max_length=len(COLUMNS),
        examples=[{"kind": "Type", "currency": "Cur", "gross": "Amount", "ticket_number": "Ticket"}],
    )
    kinds: dict[Theirs, Ours] = Field(
        default_factory=dict,
        description=f"By their word for the kind of a line ours: {', '.join(KINDS)}. Without any, theirs are ours.",
        max_length=100,
        examples=[{"TKTT": "sale", "RFND": "refund"}],
    )
    delimiter: Delimiter = Field(default=Delimiter.COMMA, description="What divides their columns.", examples=[";"])
    decimal_comma: bool = Field(default=False, description="Whether amounts are written like 1.234,50.")
    date_format: DayFormat = Field(default=DayFormat.ISO, description="How days are written.", examples=["dd.mm.yyyy"])


class ListColumnMappings(PageRequest):
    provider: str | None = Field(
        default=None, description="Only for this provider.", pattern=r"^[a-z0-9_-]{1,40}$", examples=["sandbox"]
    )


class ColumnMappingView(View):
    mapping_id: UUID
    provider: str = Field(examples=["sandbox"])
    name: str = Field(examples=["monthly billing"])
    is_own: bool = Field(description="Whether it is yours; the others are ours, for everybody.")
    columns: dict[str, str] = Field(description="By our column the name in their header.")
    kinds: dict[str, str] = Field(description="By their word our kind.")
    delimiter: str = Field(examples=[";"])
    decimal_comma: bool
    date_format: str = Field(examples=["dd.mm.yyyy"])
    created_at: datetime


class ColumnMappingList(View):
    data: list[ColumnMappingView]
    next_cursor: str | None
