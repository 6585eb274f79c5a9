"""Exports, declared. For back ends: no agent fetches files of a partner's rows."""

from bookings.export import queries, services
from bookings.export.links import ExportFileGone, ExportNotReady
from bookings.export.schemas import CreateExport, ExportList, ExportRequest, ExportView, LinkView, ListExports
from bookings.export.services import BomNotOfFormat, ExportsWaiting, ExportTooLarge, FilterNotOfDataset
from movmo.kit.cursor import CursorInvalid
from movmo.kit.errors import NotFound
from movmo.operations.context import Context
from movmo.operations.spec import GET, POST, Credentials, Effect, Idempotency, operation

EXPORTS = "/v1/exports"
EXPORT = EXPORTS + "/{export_id}"
URI = "exports://v1/{export_id}"


@operation(
    "create_export",
    rest=POST(EXPORTS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    idempotency=Idempotency.REQUIRED,
    cost=10,
    resource=URI,
    errors=(FilterNotOfDataset, BomNotOfFormat, ExportTooLarge, ExportsWaiting),
    tool=False,
)
def create_export(ctx: Context, request: CreateExport) -> ExportView:
    """Order a file of your rows

    All that match the filters, as they are at one moment, which `as_of` tells. For changes as they come use
    list_events_v2 instead. It is written by our workers: wait for `export.ready.v1`, or read get_export until its
    status is `ready`. Next: create_export_link. The file is kept for 7 days.
    """
    return services.order(ctx, request)


@operation(
    "list_exports",
    rest=GET(EXPORTS),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    errors=(CursorInvalid,),
    tool=False,
)
def list_exports(ctx: Context, request: ListExports) -> ExportList:
    """List your exports

    Newest first, those of the key's mode, also when their files are deleted. Next: create_export_link for one that is
    `ready`.
    """
    return queries.page(ctx, request)


@operation(
    "get_export",
    rest=GET(EXPORT),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.READ,
    resource=URI,
    errors=(NotFound,),
    tool=False,
)
def get_export(ctx: Context, request: ExportRequest) -> ExportView:
    """Show an export

    How far it has come, and of a finished one its number of rows, its size and its SHA-256. Next: create_export_link.
    """
    return queries.view(queries.owned(ctx, request.export_id))


@operation(
    "create_export_link",
    rest=POST(EXPORT + "/links"),
    needs=Credentials.KEY,
    scopes=(),
    effect=Effect.WRITE,
    errors=(NotFound, ExportNotReady, ExportFileGone),
    tool=False,
    in_batches=False,
)
def create_export_link(ctx: Context, request: ExportRequest) -> LinkView:
    """Make a link to the file of an export

    Good for 15 minutes and for as many downloads as you like, without a key; it ends with the key that made it. Each
    download is written down. Next: fetch `url`, and compare its SHA-256 with that of get_export.
    """
    return services.link(ctx, request)
