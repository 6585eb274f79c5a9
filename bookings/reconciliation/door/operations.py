"""Reconciliation, declared. For back ends: no agent looks after a partner's books."""

from bookings.catalogue.modes import ProviderNotForKey
from bookings.providers.registry import ProviderUnknown
from bookings.reconciliation.door import queries, services
from bookings.reconciliation.door.schemas import (
    AcceptStatement,
    ColumnMappingList,
    ColumnMappingView,
    CreateColumnMapping,
    CreateStatement,
    DeclineStatement,
    DiscrepancyList,
    DiscrepancyView,
    ListColumnMappings,
    ListDiscrepancies,
    ListRuns,
    ListStatements,
    ResolveDiscrepancy,
    RunList,
    RunRequest,
    RunView,
    StatementList,
    StatementRequest,
    StatementView,
)
from bookings.reconciliation.mappings import MappingsFull, MappingTaken
from bookings.reconciliation.receiving import Taken
from bookings.reconciliation.refusals import (
    MappingNeeded,
    MappingNotOfFormat,
    PeriodLocked,
    StatementBusy,
    StatementHasBadLines,
    StatementLinesSpent,
    StatementNotAccepted,
    StatementNotStaged,
    StatementPeriodInvalid,
    StatementsWaiting,
    StatementTooLarge,
    StatementTooLong,
    StatementUnreadable,
)
from bookings.reconciliation.resolution.refusals import DiscrepancyChanged, DiscrepancyStateInvalid, NotForPartners
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import GET, POST, Credentials, Effect, Idempotency, operation

STATEMENTS = "/v1/reconciliation/statements"
STATEMENT = STATEMENTS + "/{statement_id}"
RUNS = "/v1/reconciliation/runs"
DISCREPANCIES = "/v1/reconciliation/discrepancies"
MAPPINGS = "/v1/reconciliation/column-mappings"
RESOURCE = "statements://v1/{statement_id}"
MAX_STATEMENT = 8 * 1_048_576


@operation(
    "create_statement",
    rest=POST(STATEMENTS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    cost=5,
    ask=services.take,
    max_body=MAX_STATEMENT,
    errors=(
        ProviderUnknown,
        ProviderNotForKey,
        StatementTooLarge,
        StatementTooLong,
        StatementUnreadable,
        StatementPeriodInvalid,
        MappingNeeded,
        MappingNotOfFormat,
        NotFound,
        StatementsWaiting,
        StatementLinesSpent,
        PeriodLocked,
    ),
    tool=False,
    in_batches=False,
)
def create_statement(ctx: Context, request: CreateStatement, taken: Taken) -> StatementView:
    """Send a provider's statement

    It is held against your own bookings. Nothing is compared yet: our workers read it, then it waits for your word,
    unless `auto_accept` gives it beforehand. The same file twice is one statement. Twenty may wait, each for 30 days at
    most. Next: get_statement until it is `staged`, then accept_statement or decline_statement.
    """
    return services.create(ctx, taken)


@operation(
    "list_statements",
    rest=GET(STATEMENTS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid, ProviderUnknown, ProviderNotForKey),
    tool=False,
)
def list_statements(ctx: Context, request: ListStatements) -> StatementList:
    """List your statements

    Newest first, those of the key's mode. Next: get_statement for the bad lines of one, then accept_statement or
    decline_statement.
    """
    return queries.statements(ctx, request)


@operation(
    "get_statement",
    rest=GET(STATEMENT),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    resource=RESOURCE,
    errors=(NotFound,),
    tool=False,
)
def get_statement(ctx: Context, request: StatementRequest) -> StatementView:
    """Show a statement and what was read of it

    While it is `received` our workers read it. Bad lines are told by their numbers. Next: accept_statement, or
    decline_statement and a mended file with create_statement.
    """
    return queries.statement_view(queries.statement(ctx, request.statement_id))


@operation(
    "accept_statement",
    rest=POST(STATEMENT + "/acceptance", status=200),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    errors=(NotFound, StatementNotStaged, StatementHasBadLines, PeriodLocked),
    tool=False,
)
def accept_statement(ctx: Context, request: AcceptStatement) -> StatementView:
    """Accept a statement for comparison

    After a look at get_statement. Our workers take its lines over and compare them with your bookings. Next:
    reconciliation.completed.v1 or get_statement until it is `reconciled`, then list_discrepancies.
    """
    return services.accept(ctx, request)


@operation(
    "decline_statement",
    rest=POST(STATEMENT + "/refusal", status=200),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    errors=(NotFound, StatementNotStaged),
    tool=False,
)
def decline_statement(ctx: Context, request: DeclineStatement) -> StatementView:
    """Decline a statement that is not to be accepted

    After a look at get_statement. Nothing of it is taken over, and its file is deleted. Next: create_statement with
    another file; the same file again is read anew.
    """
    return services.decline(ctx, request)


@operation(
    "run_reconciliation",
    rest=POST(STATEMENT + "/runs"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    cost=5,
    per_minute=10,
    errors=(NotFound, StatementNotAccepted, StatementBusy, PeriodLocked),
    tool=False,
)
def run_reconciliation(ctx: Context, request: StatementRequest) -> RunView:
    """Compare a statement again

    With your bookings as they are, and by the tolerances in force, when our workers come to it. Nothing is found twice:
    the run tells what is new, changed, the same and gone. Next: reconciliation.completed.v1 or get_reconciliation_run
    until it is `done`, then list_discrepancies.
    """
    return services.compare(ctx, request)


@operation(
    "list_reconciliation_runs",
    rest=GET(RUNS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid, NotFound),
    tool=False,
)
def list_reconciliation_runs(ctx: Context, request: ListRuns) -> RunList:
    """List the comparisons of your statements

    Newest first, those of the key's mode. Next: get_reconciliation_run, list_discrepancies.
    """
    return queries.runs(ctx, request)


@operation(
    "get_reconciliation_run",
    rest=GET(RUNS + "/{run_id}"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(NotFound,),
    tool=False,
)
def get_reconciliation_run(ctx: Context, request: RunRequest) -> RunView:
    """Show a comparison with its totals

    By currency, what both sides come to, what of it is matched, and the rest by class: they tie. Next:
    list_discrepancies of its statement.
    """
    return queries.run(ctx, request.run_id)


@operation(
    "list_discrepancies",
    rest=GET(DISCREPANCIES),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid, NotFound, ProviderUnknown, ProviderNotForKey),
    tool=False,
)
def list_discrepancies(ctx: Context, request: ListDiscrepancies) -> DiscrepancyList:
    """List what does not agree with your statements

    Newest first, those of the key's mode: both sides, why they were held against each other, and what is at risk. Next:
    resolve_discrepancy.
    """
    return queries.discrepancies(ctx, request)


@operation(
    "resolve_discrepancy",
    rest=POST(DISCREPANCIES + "/{discrepancy_id}/resolution", status=200),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    errors=(NotFound, DiscrepancyStateInvalid, DiscrepancyChanged, NotForPartners, PeriodLocked),
    tool=False,
)
def resolve_discrepancy(ctx: Context, request: ResolveDiscrepancy) -> DiscrepancyView:
    """Say what becomes of a discrepancy

    Each step is kept with its reason and who took it. No booking is changed by it. A write-off, and whatever ends more
    than the limit of our rules, takes two people of ours: dispute it instead, and say so. Next: list_discrepancies for
    what is left.
    """
    return services.resolve(ctx, request)


@operation(
    "create_column_mapping",
    rest=POST(MAPPINGS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    errors=(ProviderUnknown, ProviderNotForKey, MappingTaken, MappingsFull),
    tool=False,
)
def create_column_mapping(ctx: Context, request: CreateColumnMapping) -> ColumnMappingView:
    """Save how a provider's CSV names our columns

    Once for each kind of file. It is not changed afterwards: save another under another name. Next: create_statement
    with the format `mapped` and its `mapping_id`.
    """
    return services.save_mapping(ctx, request)


@operation(
    "list_column_mappings",
    rest=GET(MAPPINGS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid, ProviderUnknown, ProviderNotForKey),
    tool=False,
)
def list_column_mappings(ctx: Context, request: ListColumnMappings) -> ColumnMappingList:
    """List the column mappings that you can use

    Newest first: yours, and ours for everybody. Next: create_statement with a `mapping_id`.
    """
    return queries.mappings(ctx, request)
