"""Batches, declared. For back ends: an agent calls one thing after the other, and its person can follow."""

from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.operations import registry
from movmo.operations.context import Context
from movmo.operations.dispatch import dispatch
from movmo.operations.spec import GET, POST, Credentials, Effect, Idempotency, operation
from partners.batch import accepting, queries, registered, services
from partners.batch.accepting import Accepted
from partners.batch.refusals import BatchesFull, BatchInvalid, BatchTooLong
from partners.batch.schemas import (
    BatchList,
    BatchRequest,
    BatchView,
    CreateBatch,
    ListBatches,
    ListResults,
    ResultPage,
)

BATCHES = "/v1/batches"
BATCH = BATCHES + "/{batch_id}"
MAX_BATCH = 8 * 1_048_576
RESOURCE = "batches://v1/{batch_id}"

registered.install(registry.get, dispatch)


@operation(
    "create_batch",
    rest=POST(BATCHES),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    cost=10,
    resource=RESOURCE,
    ask=accepting.look_through,
    max_body=MAX_BATCH,
    errors=(BatchInvalid, BatchTooLong, BatchesFull),
    tool=False,
    in_batches=False,
)
def create_batch(ctx: Context, request: CreateBatch, accepted: list[Accepted]) -> BatchView:
    """Leave many calls with us

    Up to 10,000 calls as JSON Lines. All are looked through first: if one cannot be run, none is accepted, and every
    problem is told by its line. Then our workers run them as calls of your key, some at a time and in no promised
    order, each at most once. They keep to your plan, and leave half of its burst to your live calls. Not for what one
    person waits for. Next: get_batch or batch.completed.v1, then list_batch_results.
    """
    return services.create(ctx, accepted)


@operation(
    "list_batches",
    rest=GET(BATCHES),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid,),
    tool=False,
    in_batches=False,
)
def list_batches(ctx: Context, request: ListBatches) -> BatchList:
    """List your batches

    Those of the key's mode, newest first, until 30 days after their end. Next: get_batch, list_batch_results.
    """
    return queries.page(ctx, request)


@operation(
    "get_batch",
    rest=GET(BATCH),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    resource=RESOURCE,
    errors=(NotFound,),
    tool=False,
    in_batches=False,
)
def get_batch(ctx: Context, request: BatchRequest) -> BatchView:
    """Show how far a batch has come

    Its counts, and what it waits for if a limit of your plan holds it up. Ask every few seconds at most, or take
    batch.completed.v1. Next: list_batch_results.
    """
    return queries.view(queries.owned(ctx, request.batch_id))


@operation(
    "list_batch_results",
    rest=GET(BATCH + "/results"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(NotFound, CursorInvalid),
    whole=queries.all_results,
    tool=False,
    in_batches=False,
)
def list_batch_results(ctx: Context, request: ListResults) -> ResultPage:
    """List what became of the lines of a batch

    By line number, while it runs too: each with the status and the answer, or the error, that REST would have given.
    With `Accept: application/jsonl` all of them come, one on each line, whatever `limit` says. Kept for 30 days after
    the end of the batch. A line that was refused is repeated in a new batch, or by itself; one that may have begun with
    the same idempotency key.
    """
    return queries.results(ctx, request)


@operation(
    "cancel_batch",
    rest=POST(BATCH + "/cancellation", status=200),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    errors=(NotFound,),
    tool=False,
    in_batches=False,
)
def cancel_batch(ctx: Context, request: BatchRequest) -> BatchView:
    """Take a batch back

    Lines that had not begun are skipped; those that had are run to their end. What was done stays done. One that is at
    its end stays as it is. Next: get_batch, until it is `cancelled`.
    """
    return services.cancel(ctx, request)
