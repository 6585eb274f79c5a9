"""The same rows in each format, read back by somebody else's reader."""

import csv
import json
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from io import BytesIO, StringIO
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.db import connection
from pyarrow import parquet

from bookings.booking.models import Booking
from bookings.export import reading, services, writing
from bookings.export.datasets import AUDIT
from bookings.export.guard import BLANKS, TRIGGERS
from bookings.export.models import Export
from bookings.export.schemas import Format
from bookings.export.selection import NULL, Selection
from bookings.export.services import ExportTooLarge
from movmo.kit.ids import new_id
from movmo.operations import audit
from movmo.operations.context import Door
from partners.partner.models import Partner
from tests.bookings.export.scene import Folder, changed, made, ordered, rows_of, usage, with_key, written
from tests.bookings.export.test_guard import CUT, FORMULAS, PLAIN, WHOLE
from tests.contract.world import World

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = ("booking_id,record_locator,status,provider,order_id,partner,door,mode,user_id,total,currency,payment_status,"
          "refund,penalty,failure_code,created_at,updated_at")  # fmt: skip
EXCEL = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture
def booking(world: World) -> Booking:
    """With a price that is negative, and an order id that is a formula."""
    one = Booking.objects.get(pk=world.booking().booking_id)
    changed(
        one.pk, order_id=FORMULA, refund_minor=-1250, currency="EUR", total_minor=41230, record_locators=['ÄÖ,"Ü\n']
    )
    one.refresh_from_db()
    return one


def test_csv_is_utf_8_with_a_header_and_guarded_cells(booking: Booking, aviare: Partner, folder: Folder) -> None:
    export = made(with_key(aviare))
    assert (export.state, export.row_count, export.failure_code) == ("ready", 1, "")
    file = folder.only()
    assert file.decode().splitlines()[0] == HEADER
    (row,) = rows_of(file)
    assert row["booking_id"] == str(booking.pk)
    assert row["order_id"] == f"'{FORMULA}"
    assert row["record_locator"] == 'ÄÖ,"Ü\n'
    assert (row["total"], row["refund"], row["penalty"]) == ("412.30", "-12.50", "")
    assert datetime.fromisoformat(row["created_at"]) == booking.created_at
    assert row["created_at"].endswith("Z")
    assert row["partner"] == "aviare"


def test_a_byte_order_mark_comes_first_and_once(booking: Booking, aviare: Partner, folder: Folder) -> None:
    made(with_key(aviare), bom=True)
    assert folder.only().startswith(b"\xef\xbb\xbfbooking_id,")
    assert folder.only().count(b"\xef\xbb\xbf") == 1


def test_json_lines_are_typed_and_not_guarded(booking: Booking, aviare: Partner, folder: Folder) -> None:
    made(with_key(aviare), format="jsonl")
    lines = folder.only().decode().splitlines()
    (row,) = (json.loads(line) for line in lines)
    assert list(row) == HEADER.split(",")
    assert row["order_id"] == FORMULA
    assert row["record_locator"] == 'ÄÖ,"Ü\n'
    assert (row["total"], row["refund"], row["penalty"]) == ("412.30", "-12.50", None)
    assert datetime.fromisoformat(row["updated_at"]) == booking.updated_at


def test_parquet_has_types_of_its_own(booking: Booking, aviare: Partner, folder: Folder) -> None:
    made(with_key(aviare), format="parquet")
    (row,) = parquet.read_table(BytesIO(folder.only())).to_pylist()
    assert row["order_id"] == FORMULA
    assert (row["total"], row["refund"], row["penalty"]) == (Decimal("412.3000"), Decimal("-12.5000"), None)
    assert row["created_at"] == booking.created_at.astimezone(UTC)
    assert row["failure_code"] == ""


def test_excel_has_texts_where_formulas_stood_and_numbers_that_are_some(
    booking: Booking, aviare: Partner, folder: Folder
) -> None:
    made(with_key(aviare), format="xlsx")
    with zipfile.ZipFile(BytesIO(folder.only())) as book:
        sheet, styles = book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert "=cmd|" in sheet
    assert 'quotePrefix="1"' in styles
    assert "<v>412.3</v>" in sheet
    assert "<v>-12.5</v>" in sheet


@pytest.fixture
def formulas(world: World) -> list[str]:
    """A booking for each, whose order id it is; in their order."""
    return with_order_ids(world, [text for text in (*FORMULAS, *PLAIN) if text and "\r" not in text])


def with_order_ids(world: World, texts: list[str]) -> list[str]:
    one = Booking.objects.get(pk=world.booking().booking_id)
    changed(one.pk, order_id=texts[0])
    for text in texts[1:]:
        one.pk, one.order_id, one.feed_place = new_id(), text, None
        one.save(force_insert=True)
    return texts


def test_no_formula_of_any_kind_gets_into_a_csv(formulas: list[str], aviare: Partner, folder: Folder) -> None:
    made(with_key(aviare))
    shown = [row["order_id"] for row in rows_of(folder.only())]
    again = {"\t=1": "'\t'=1", "\n=1": "'\n'=1"}  # for who takes it apart there
    assert shown == [again.get(text, f"'{text}" if text in FORMULAS else text) for text in formulas]
    assert not [text for text in shown if text.strip()[:1] in tuple("=+-@＝＋－＠")]


def test_another_separator_cuts_no_formula_out_of_a_csv(world: World, aviare: Partner, folder: Folder) -> None:
    """As a spreadsheet reads it that goes by semicolons, or by tabs, whatever it makes of quotes."""
    with_order_ids(world, [*CUT, *WHOLE])
    made(with_key(aviare))
    file = folder.only().decode()
    assert [row["order_id"] for row in rows_of(file.encode())] == [*CUT.values(), *WHOLE]
    for separator, knows_quotes in product(";\t", (True, False)):
        parts = re.split("[\r\n]", file)
        lines = csv.reader(parts, delimiter=separator, quoting=csv.QUOTE_MINIMAL if knows_quotes else csv.QUOTE_NONE)
        cells = [cell for line in lines for cell in line]
        assert len(cells) > len(CUT)
        assert not [cell for cell in cells if cell.strip(BLANKS + '"')[:1] in tuple(TRIGGERS)]


def test_a_text_with_ends_of_lines_is_one_cell(world: World, aviare: Partner, folder: Folder) -> None:
    texts = with_order_ids(world, ["x\ry", "x\r\ny", "x\ny", "x\x1ey"])
    made(with_key(aviare))
    assert b',"x\ry",' in folder.only()
    assert [row["order_id"] for row in rows_of(folder.only())] == texts


def test_no_formula_of_any_kind_gets_into_an_excel_file(formulas: list[str], aviare: Partner, folder: Folder) -> None:
    """What begins as one is a text that is marked as such, and whatever else is a text is not marked."""
    made(with_key(aviare), format="xlsx")
    with zipfile.ZipFile(BytesIO(folder.only())) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
    marked = [style.get("quotePrefix") == "1" for style in styles.iterfind("x:cellXfs/x:xf", EXCEL)]
    assert not list(sheet.iterfind(".//x:f", EXCEL))
    place = HEADER.split(",").index("order_id")
    cells = [list(row)[place] for row in list(sheet.iterfind(".//x:row", EXCEL))[1:]]
    assert {cell.get("t") for cell in cells} == {"inlineStr"}
    assert ["".join(cell.itertext()) for cell in cells] == formulas
    assert [marked[int(cell.get("s", "0"))] for cell in cells] == [text in FORMULAS for text in formulas]


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet", "xlsx"])
def test_the_record_counts_what_is_in_the_file(aviare: Partner, folder: Folder, format_: str) -> None:
    for calls in range(7):
        usage(aviare, f"operation_{calls}", calls=calls)
    export = made(with_key(aviare), "usage", format=format_)
    file = folder.only()
    assert (export.row_count, export.rows_expected, export.rows_written) == (7, 7, 7)
    assert (export.byte_count, export.sha256) == (len(file), sha256(file).hexdigest())
    match format_:
        case "csv":
            counted = len(rows_of(file))
        case "jsonl":
            counted = len(file.splitlines())
        case "parquet":
            counted = parquet.read_table(BytesIO(file)).num_rows
        case "xlsx":
            with zipfile.ZipFile(BytesIO(file)) as book:
                counted = book.read("xl/worksheets/sheet1.xml").count(b"<row ") - 1
    assert counted == 7


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet", "xlsx"])
def test_no_rows_make_a_file_too(aviare: Partner, folder: Folder, format_: str) -> None:
    export = made(with_key(aviare), format=format_)
    assert (export.state, export.row_count, export.rows_expected) == ("ready", 0, 0)
    file = folder.only()
    match format_:
        case "csv":
            assert file.decode() == f"{HEADER}\n"
        case "jsonl":
            assert file == b""
        case "parquet":
            assert parquet.read_table(BytesIO(file)).num_rows == 0
        case "xlsx":
            assert zipfile.is_zipfile(BytesIO(file))


def test_days_and_counts_of_usage(aviare: Partner, kestrel: Partner, folder: Folder) -> None:
    usage(aviare, "search_flights", calls=12)
    usage(kestrel, "search_flights", calls=99)
    made(with_key(aviare), "usage")
    (row,) = csv.DictReader(StringIO(folder.only().decode()))
    assert (row["day"], row["partner"], row["operation"], row["calls"]) == (
        "2027-02-28",
        "aviare",
        "search_flights",
        "12",
    )


def test_parquet_days_are_days(aviare: Partner, folder: Folder) -> None:
    usage(aviare, "search_flights", calls=12)
    made(with_key(aviare), "usage", format="parquet")
    (row,) = parquet.read_table(BytesIO(folder.only())).to_pylist()
    assert (row["day"], row["calls"]) == (date(2027, 2, 28), 12)


def test_more_rows_than_blocks_and_groups_arrive_whole_and_in_order(
    aviare: Partner, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from movmo.operations.models import UsageCount

    monkeypatch.setattr(writing, "BYTES_OF_A_GROUP", 300_000)
    days = 9_000
    rows = [
        UsageCount(partner_id=aviare.pk, day=date.fromordinal(700_000 + day), operation="x" * 60, calls=day)
        for day in range(days)
    ]
    UsageCount.objects.bulk_create(rows, batch_size=1_000)
    key = with_key(aviare)
    for format_ in ("csv", "parquet"):
        export = made(key, "usage", format=format_)
        assert (export.row_count, export.rows_expected, export.rows_written) == (days, days, days)
        file = (folder.finished / export.file).read_bytes()
        if format_ == "csv":
            told = [int(row["calls"]) for row in rows_of(file)]
        else:
            told = parquet.read_table(BytesIO(file)).column("calls").to_pylist()
            assert parquet.ParquetFile(BytesIO(file)).num_row_groups > 1
        assert told == list(range(days))


def test_a_row_longer_than_a_group_arrives_whole(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BYTES_OF_A_GROUP", 1)
    long = {"title": 'x,"\n' * 2**19}
    audit.note("file_note", door=Door.REST, arguments=long)
    file = tmp_path / "audit.parquet"
    with reading.snapshot() as rows:
        writing.write(Format.PARQUET, Selection(AUDIT, "", ()), rows, file, tell=lambda _: None)
    (row,) = parquet.read_table(file).to_pylist()
    assert json.loads(row["arguments"]) == long


def test_a_text_longer_than_a_cell_is_cut_and_nobody_else_s_reader_is_changed(db: None, tmp_path: Path) -> None:
    """Longer than what Python's reader of CSV takes by itself, whose limit is one for the whole process."""
    limit = csv.field_size_limit()
    audit.note("file_note", door=Door.REST, arguments={"title": 'x,"\n' * 2**17})
    file = tmp_path / "audit.xlsx"
    with reading.snapshot() as rows:
        assert writing.write(Format.XLSX, Selection(AUDIT, "", ()), rows, file, tell=lambda _: None) == 1
    with zipfile.ZipFile(file) as book:
        assert "cut: a cell of Excel" in book.read("xl/worksheets/sheet1.xml").decode()
    assert csv.field_size_limit() == limit


def test_what_is_missing_is_an_empty_cell_and_a_text_that_looks_like_it_is_none(
    booking: Booking, aviare: Partner, folder: Folder
) -> None:
    changed(booking.pk, order_id=NULL, penalty_minor=None)
    made(with_key(aviare), format="xlsx")
    with zipfile.ZipFile(BytesIO(folder.only())) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    row = list(sheet.iterfind(".//x:row", EXCEL))[1]
    cells = {cell.get("r"): "".join(cell.itertext()) for cell in row}
    assert cells["E2"] == NULL
    assert "N2" not in cells


def test_excel_takes_a_hundred_thousand_rows_and_not_one_more(aviare: Partner) -> None:
    """For real: the order is taken with the last row that fits, and refused with the next."""
    key, ids = with_key(aviare), "i" if connection.vendor == "sqlite" else "i::text"
    fill = f"""
        INSERT INTO usage_count (id, partner_id, day, operation, calls, refused)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        SELECT {_id_of("i")}, %s, '2027-03-01', 'o' || {ids}, 1, 0 FROM n
    """
    with connection.cursor() as cursor:
        cursor.execute(fill, [aviare.pk.hex if connection.vendor == "sqlite" else aviare.pk])
    assert ordered(key, "usage", format="xlsx").state == "ordered"
    usage(aviare, "one_more")
    with pytest.raises(ExportTooLarge, match="at most 100000 rows"):
        ordered(key, "usage", format="xlsx")
    assert written(Export.objects.get()).failure_code == "too_many_rows"


def _id_of(number: str) -> str:
    if connection.vendor == "sqlite":
        return f"printf('%%032x', {number})"
    return f"lpad(to_hex({number}), 32, '0')::uuid"


def test_excel_s_limit_is_said_before_anything_is_ordered_and_again_by_the_worker(
    aviare: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for calls in range(3):
        usage(aviare, f"operation_{calls}")
    key = with_key(aviare)
    export = ordered(key, "usage", format="xlsx")
    monkeypatch.setattr(writing, "MOST_ROWS_OF_XLSX", 2)
    monkeypatch.setattr(services, "MOST_ROWS_OF_XLSX", 2)
    with pytest.raises(ExportTooLarge, match="at most 2 rows"):
        ordered(key, "usage", format="xlsx")
    assert written(export).failure_code == "too_many_rows"
    assert made(key, "usage").row_count == 3
