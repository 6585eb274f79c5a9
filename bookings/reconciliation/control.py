"""The head and the end of a file, judged before a single line is read: encoding, delimiter, header, control record.

Our CSV has comment lines before its header or after its last line:

    # period 2027-03-01 2027-03-31   whose it is, for who reads it: it tells one empty day from another
    # opening EUR 1000.00        by currency, as many as there are
    # lines 1234                 needed, at the end: what tells a whole file from one that was cut off
    # closing EUR 5678.90

Our JSON has them as one object, {"control": {"lines": 1234, "opening": {"EUR": "1000.00"}, "closing": {…}}}, which
stands before or after the lines. An array needs none: its bracket tells that it is whole.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import IO, Any, NoReturn

import orjson

from bookings.reconciliation.layout import COLUMNS, known, needed
from bookings.reconciliation.models import ColumnMapping, Format
from bookings.reconciliation.refusals import StatementUnreadable
from movmo.kit.money import AmountInvalid, Money
from movmo.kit.text import one_line

EDGE = 64 * 1024
MOST_LINES = 999_999_999
CONTROL_CHARACTERS = frozenset(map(chr, [*range(9), *range(11, 13), *range(14, 32), 127]))
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
MOST_COLUMNS = 100
REMARK = re.compile(r"#\s*(?:(lines)\s+([0-9]{1,9})|(opening|closing)\s+([A-Z]{3})\s+(\S+))\s*")
PERIOD = re.compile(r"#\s*period\s+\S{1,10}\s+\S{1,10}(?:\s+[a-z]{1,12})?\s*")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
RETURN_ALONE = "there is a carriage return alone in it, as old Macs end their lines. Save it with line feeds."
LONGEST_JSON = 32 * 1024 * 1024
"""Of a JSON array, which is read as a whole. JSON lines are read line by line."""


@dataclass(frozen=True, slots=True)
class Told:
    """Where the lines are in the file, from byte `start` to byte `end`, and what the control record says."""

    start: int
    end: int
    first_line: int
    header: list[str]
    delimiter: str = ","
    lines: int | None = None
    opening: dict[str, str] = field(default_factory=dict)
    closing: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines_in(self, file: IO[bytes], format_: str) -> int:
        """By their line breaks, in an array by its brackets; nothing is parsed. A line break in a field counts too."""
        file.seek(self.start)
        head = file.read(EDGE)
        marks = (b"{", b"[") if format_ == Format.JSON and head.lstrip().startswith(b"[") else (b"\n",)
        file.seek(self.start)
        left, found = self.end - self.start, 0
        while left > 0 and (block := file.read(min(left, EDGE))):
            left -= len(block)
            found += sum(map(block.count, marks))
        return found


def judge(
    file: IO[bytes], size: int, *, format_: str, mapping: ColumnMapping | None, control: dict[str, Any] | None
) -> Told:
    """Raises StatementUnreadable."""
    head = file.read(EDGE)
    if head.startswith(UTF_16):
        refuse(format_, 1, "encoding", "it is UTF-16. Save it as UTF-8.")
    start = len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0
    if not head[start:].strip():
        refuse(format_, 1, "empty", "there is nothing in it.")
    if format_ == Format.JSON:
        told = Told(start, size, 1, list(COLUMNS))
    else:
        told = _table(file, size, head[start:], start, format_=format_, mapping=mapping)
    told = _completed(told, format_, control or {})
    if told.lines is None and _must_be_counted(file, size, head[start:], format_):
        record = '{"control": {"lines": 123}}' if format_ == Format.JSON else '"# lines 123"'
        refuse(format_, None, "truncated", f"it does not end with its control record, {record}: it was cut off.")
    return told


def _must_be_counted(file: IO[bytes], size: int, head: bytes, format_: str) -> bool:
    """Nothing else tells ours from one that was cut off at the end of a line. What a control object among JSON lines
    says is read with them: here it has to be there.
    """
    if format_ != Format.JSON:
        return format_ == Format.CSV
    if head.lstrip().startswith(b"["):
        return False
    file.seek(max(0, size - EDGE))
    edges = (head.lstrip().split(b"\n", 1)[0], file.read().rstrip().rsplit(b"\n", 1)[-1])
    return not any(_counts(line) for line in edges)


def _counts(line: bytes) -> bool:
    try:
        row = parsed(line)
    except orjson.JSONDecodeError:
        return False
    told = control_of(row) if isinstance(row, dict) else None
    return told is not None and told.get("lines") is not None


def refuse(format_: str, line: int | None, problem: str, reason: str) -> NoReturn:
    """`line` None: it is the file as a whole."""
    raise StatementUnreadable(format=format_, line=line, problem=problem, reason=one_line(reason, longest=300))


def _table(file: IO[bytes], size: int, head: bytes, start: int, *, format_: str, mapping: ColumnMapping | None) -> Told:
    remarks: dict[str, Any] = {"opening": {}, "closing": {}}
    at, line = 0, 1
    while format_ == Format.CSV and head.startswith(b"#", at):
        until = _end_of_line(head, at, format_, line)
        _note(_decoded(head[at:until], format_, line), remarks, format_, line)
        at, line = until, line + 1
    until = _end_of_line(head, at, format_, line)
    delimiter = mapping.delimiter if format_ == Format.MAPPED and mapping else ","
    header = _header(_decoded(head[at:until], format_, line), delimiter, format_=format_, mapping=mapping, line=line)
    end = _end(file, size, start + until, remarks, format_)
    return Told(start + until, end, line + 1, header, delimiter, **remarks)


def _end_of_line(head: bytes, at: int, format_: str, line: int) -> int:
    until = head.find(b"\n", at) + 1
    if not until:
        if b"\r" in head[at:].rstrip(b"\r"):
            refuse(format_, line, "line_break", RETURN_ALONE)
        refuse(format_, line, "truncated", "the file ends, or goes on without a line break, in its header.")
    return until


def _decoded(line_bytes: bytes, format_: str, line: int | None) -> str:
    try:
        text = line_bytes.decode().rstrip("\r\n")
    except UnicodeDecodeError as failure:
        refuse(
            format_,
            line,
            "encoding",
            f"byte 0x{line_bytes[failure.start]:02X} is not UTF-8; perhaps it is Latin-1. Save it as UTF-8.",
        )
    if not CONTROL_CHARACTERS.isdisjoint(text):
        refuse(format_, line, "encoding", "there is a control character in it.")
    if "\r" in text:
        refuse(format_, line, "line_break", RETURN_ALONE)
    return text


def _note(text: str, remarks: dict[str, Any], format_: str, line: int | None) -> None:
    if PERIOD.fullmatch(text):
        return
    remark = REMARK.fullmatch(text)
    if remark is None:
        refuse(format_, line, "control", 'a control line is "# lines 12" or "# opening EUR 1.00" or "# closing …".')
    told, name = (remarks, "lines") if remark[1] else (remarks[remark[3]], remark[4])
    value = int(remark[2]) if remark[1] else remark[5]
    if told.setdefault(name, value) != value:
        refuse(format_, line, "control", f"{remark[1] or remark[3]} is told twice, and not the same.")


def _header(text: str, delimiter: str, *, format_: str, mapping: ColumnMapping | None, line: int) -> list[str]:
    header = next(csv.reader([text], delimiter=delimiter), [])
    wanted, allowed = needed(format_, mapping), known(format_)
    _check_delimiter(text, header, delimiter, wanted, format_, line)
    if missing := [name for name in wanted if name not in header]:
        refuse(format_, line, "header", f"the header lacks the column(s) {_named(missing)}.")
    if allowed and (strange := [name for name in header if name not in allowed]):
        refuse(format_, line, "header", f"the header has {_named(strange)}; columns are {', '.join(allowed)}.")
    if len(set(header)) < len(header):
        refuse(format_, line, "header", "the header has a column twice.")
    if len(header) > MOST_COLUMNS:
        refuse(format_, line, "header", f"the header has more than {MOST_COLUMNS} columns.")
    return header


def _named(columns: Sequence[str]) -> str:
    return ", ".join(repr(name[:40]) for name in columns[:10])


def _check_delimiter(
    text: str, header: Sequence[str], delimiter: str, wanted: Sequence[str], format_: str, line: int
) -> None:
    if any(name in header for name in wanted):
        return
    for other, named in DELIMITERS.items():
        if other != delimiter and any(name in next(csv.reader([text], delimiter=other), []) for name in wanted):
            refuse(
                format_,
                line,
                "delimiter",
                f"its columns are divided by {named}, and {DELIMITERS.get(delimiter, repr(delimiter))} is expected.",
            )


def _end(file: IO[bytes], size: int, start: int, remarks: dict[str, Any], format_: str) -> int:
    """Where the lines end. Comment lines after them are taken down."""
    edge = max(start, size - EDGE)
    file.seek(edge)
    tail = file.read()
    if format_ != Format.CSV:
        if tail and not tail.endswith(b"\n"):
            refuse(format_, None, "truncated", "its last line has no line break: it was cut off.")
        return size
    kept = tail if tail.endswith(b"\n") else tail + b"\n"
    end = len(kept)
    while True:
        begin = kept.rfind(b"\n", 0, end - 1) + 1
        text = kept[begin:end].strip()
        if end <= 0 or (text and not text.startswith(b"#")):
            break
        if text:
            _note(_decoded(text, format_, None), remarks, format_, None)
        end = begin
    return min(edge + end, size)


def _completed(told: Told, format_: str, control: dict[str, Any]) -> Told:
    """With what was said beside the file. Raises StatementUnreadable, also where the file itself says otherwise."""
    _check_same(told, control, format_)
    merged = Told(
        told.start,
        told.end,
        told.first_line,
        told.header,
        told.delimiter,
        told.lines if told.lines is not None else control.get("lines"),
        {**control.get("opening", {}), **told.opening},
        {**control.get("closing", {}), **told.closing},
    )
    check_ledger(merged.opening, merged.closing, format_)
    return merged


def _check_same(told: Told, control: dict[str, Any], format_: str) -> None:
    """Raises StatementUnreadable."""
    pairs: list[tuple[str, Any, Any]] = [("lines", told.lines, control.get("lines"))]
    for name, inside in (("opening", told.opening), ("closing", told.closing)):
        pairs += [(name, inside.get(currency), amount) for currency, amount in control.get(name, {}).items()]
    for name, inside, beside in pairs:
        if inside is not None and beside is not None and inside != beside:
            refuse(format_, None, "control", f"{name} is told beside the file, and not as in it.")


def check_ledger(opening: Any, closing: Any, format_: str) -> None:
    """Both tell the same currencies, in amounts of these: {"EUR": "1.00"}. Raises StatementUnreadable."""
    if not (isinstance(opening, dict) and isinstance(closing, dict)):
        refuse(format_, None, "control", 'opening and closing are objects, such as {"EUR": "1.00"}.')
    if set(opening) != set(closing):
        refuse(format_, None, "control", "opening and closing are told together, by currency.")
    for currency, amount in [*opening.items(), *closing.items()]:
        try:
            Money.parse(amount, currency)
        except AmountInvalid as failure:
            refuse(format_, None, "control", failure.text)


def control_of(row: dict[str, Any]) -> dict[str, Any] | None:
    """The control object among the lines of a JSON file."""
    return row["control"] if set(row) == {"control"} and isinstance(row["control"], dict) else None


def joined(earlier: dict[str, Any], later: dict[str, Any], line: int) -> dict[str, Any]:
    """Two control objects of a JSON file. Raises StatementUnreadable where they differ."""
    for name in earlier.keys() & later.keys():
        if earlier[name] != later[name]:
            refuse(Format.JSON, line, "control", f"{name} is told twice, and not the same.")
    return {**earlier, **later}


def parsed(line: bytes) -> Any:
    """Raises orjson.JSONDecodeError."""
    return orjson.loads(line)
