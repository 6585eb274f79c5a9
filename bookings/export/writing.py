"""Rows to a file, in each format. What is too large for a format is refused before the first row.

CSV is UTF-8 with a header line. Of the others the reader is a program: nothing is guarded there but the cells of Excel,
which carry its own mark of a text instead of one more character.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from bookings.export import guard
from bookings.export.columns import Column, Type
from bookings.export.reading import Blocks, Snapshot
from bookings.export.schemas import Format
from bookings.export.selection import NULL, Selection

MOST_ROWS_OF_XLSX = 100_000
BOM = b"\xef\xbb\xbf"
LONGEST_CELL = 32_767
CUT = "… (cut: a cell of Excel holds no more)"
SURE_DIGITS = 15
"""What Excel keeps of a number."""
BYTES_OF_A_GROUP = 4 * 2**20
"""Of rows that are made columns together, as CSV: small groups make large files and slow readers, large ones are held
in memory twice, while the next is read."""

Tell = Callable[[int], None]
"""Told how many rows are written; raises to stop the writing."""


def write(
    format_: Format, selection: Selection, rows: Snapshot, file: Path, *, has_bom: bool = False, tell: Tell
) -> int:
    """Write the whole file; returns how many rows it has."""
    match format_:
        case Format.CSV:
            statement = selection.for_spreadsheets(vendor=rows.vendor)
            head = (BOM if has_bom else b"") + _header(selection)
            guarded = ((guard.apart(*block), block[1]) for block in rows.csv(statement, selection.values))
            return _pour(chain([(head, 0)], guarded), file, tell)
        case Format.JSONL:
            statement = selection.as_objects(vendor=rows.vendor)
            return _pour(rows.lines(statement, selection.values), file, tell)
        case Format.PARQUET:
            statement = selection.for_programs(vendor=rows.vendor)
            return _parquet(selection, rows.csv(statement, selection.values, null=NULL), file, tell)
        case Format.XLSX:
            statement = selection.as_cells(vendor=rows.vendor)
            return _xlsx(selection, rows.lines(statement, selection.values), file, tell)


def _header(selection: Selection) -> bytes:
    return (",".join(column.name for column in selection.dataset.columns) + "\n").encode()


def _pour(blocks: Blocks, file: Path, tell: Tell) -> int:
    written = 0
    with file.open("wb", buffering=0) as out:
        for block, rows in blocks:
            out.write(block)
            written += rows
            tell(written)
    return written


def _parquet(selection: Selection, blocks: Blocks, file: Path, tell: Tell) -> int:
    """The library's own reader of streams would read the database from a thread of its own. So this thread reads, and
    one beside it makes columns of the rows before."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    schema = _schema(selection)
    words = [column.name for column in selection.dataset.columns if column.type is Type.CODE]

    def add(group: bytearray) -> None:
        rows = pa.BufferReader(pa.py_buffer(group))
        out.write_table(arrow_csv.read_csv(rows, **_of_arrow(schema, len(group))))
        pa.default_memory_pool().release_unused()

    written, before = 0, None
    with (
        parquet.ParquetWriter(file, schema, compression="zstd", compression_level=1, use_dictionary=words) as out,
        ThreadPoolExecutor(1) as beside,
    ):
        for group, rows in _grouped(blocks):
            if before is not None:
                before.result()
            before = beside.submit(add, group)
            written += rows
            tell(written)
        if before is not None:
            before.result()
    return written


def _of_arrow(schema: Any, size: int) -> dict[str, Any]:
    """One thread for all of a group of `size` bytes: handing parts to others costs more than they save, for the
    database is the slowest here. And in one block, for a row must not be longer than a block."""
    from pyarrow import csv as arrow_csv

    return {
        "read_options": arrow_csv.ReadOptions(column_names=schema.names, use_threads=False, block_size=size),
        "parse_options": arrow_csv.ParseOptions(newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=schema, null_values=[NULL], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    }


def _schema(selection: Selection) -> Any:
    import pyarrow as pa

    types = {
        Type.INTEGER: pa.int64(),
        Type.MONEY: pa.decimal128(21, 4),
        Type.TIME: pa.timestamp("us", tz="UTC"),
        Type.DAY: pa.date32(),
    }
    return pa.schema([(column.name, types.get(column.type, pa.string())) for column in selection.dataset.columns])


def _grouped(blocks: Blocks) -> Iterator[tuple[bytearray, int]]:
    """Blocks together, up to BYTES_OF_A_GROUP and a little."""
    group, rows = bytearray(), 0
    for block, more in blocks:
        group += block
        rows += more
        if len(group) >= BYTES_OF_A_GROUP:
            yield group, rows
            group, rows = bytearray(), 0
    if group:
        yield group, rows


def _xlsx(selection: Selection, blocks: Blocks, file: Path, tell: Tell) -> int:
    import xlsxwriter

    written = 0
    plain_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(file), {"constant_memory": True, "tmpdir": str(file.parent), **plain_text}) as book:
        sheet = book.add_worksheet(selection.dataset.name.value)
        cells = _Cells(book, sheet, selection.dataset.columns)
        sheet.freeze_panes(1, 0)
        for block, rows in blocks:
            for number, row in enumerate(block.splitlines(), start=written + 1):
                cells.write(number, orjson.loads(row))
            written += rows
            tell(written)
    return written


class _Cells:
    """Rows of text into cells of their types."""

    def __init__(self, book: Any, sheet: Any, columns: tuple[Column, ...]) -> None:
        self._sheet = sheet
        self._columns = columns
        self._quoted = book.add_format({"quote_prefix": True})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        bold = book.add_format({"bold": True})
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.name, bold)

    def write(self, number: int, row: list[str | None]) -> None:
        for place, (column, text) in enumerate(zip(self._columns, row, strict=True)):
            if text is not None:
                self._write(number, place, column.type, text)

    def _write(self, number: int, place: int, type_: Type, text: str) -> None:
        is_number = type_ in (Type.INTEGER, Type.MONEY) and sum(map(str.isdigit, text)) <= SURE_DIGITS
        if is_number:
            self._sheet.write_number(number, place, float(text))
        elif type_ is Type.TIME:
            at = datetime.fromisoformat(text).replace(tzinfo=None)
            self._sheet.write_datetime(number, place, at, self._moment)
        else:
            whole = text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - len(CUT)] + CUT
            self._sheet.write_string(number, place, whole, self._quoted if guard.is_formula(whole) else None)
