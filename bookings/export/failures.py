"""Why an export has no file, by code, in words for whoever ordered it."""

TOO_MANY_ROWS = "too_many_rows"
WORKER_LOST = "worker_lost"
NOT_WRITTEN = "not_written"

MESSAGES = {
    TOO_MANY_ROWS: "An Excel file holds at most 100,000 rows, and these are more. Narrow the filters, or order CSV.",
    WORKER_LOST: "Its worker was lost each time it was tried. Order it again; if that fails too, tell us its id.",
    NOT_WRITTEN: "The file could not be written or kept on our side. Order it again later.",
}


class ExportFailed(Exception):
    """No attempt would end otherwise. `code` is one of MESSAGES."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class LeaseLost(Exception):
    """Somebody else has claimed the export meanwhile; nothing of this attempt counts."""
