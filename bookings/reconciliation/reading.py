"""A file read line by line: slower than the databases read it, but it can tell what is wrong with a line."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import orjson

from bookings.reconciliation.control import (
    CONTROL_CHARACTERS,
    LONGEST_JSON,
    RETURN_ALONE,
    control_of,
    joined,
    parsed,
    refuse,
)
from bookings.reconciliation.layout import COLUMNS
from bookings.reconciliation.models import Format

MOST_KEPT = 10_000
"""Bad lines that are told one by one. All are counted."""
MOST_BAD = 10_000
"""With more it is the file, and it is read no further. Lines of days that are locked are not among them: they are as
good as the file.
"""
LONGEST_LINE = 128 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """`columns` are the staged ones, `first_line` the number of the line at byte `start`."""

    file: IO[bytes]
    format: str
    start: int
    end: int
    first_line: int
    columns: Sequence[str]
    delimiter: str


@dataclass(slots=True)
class Loaded:
    """`bad` are lines that are no rows at all: number, code, text."""

    rows: int = 0
    bad_rows: int = 0
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    control: dict[str, Any] | None = None

    def hold_back(self, line: int, code: str, text: str) -> None:
        """Raises TooManyBad."""
        self.bad_rows += 1
        if len(self.bad) < MOST_KEPT:
            self.bad.append((line, code, text[:500]))
        if self.bad_rows > MOST_BAD:
            raise TooManyBad(self)


class TooManyBad(Exception):
    """More than MOST_BAD lines are no rows at all; `loaded` has the first ones."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.loaded = loaded


def rows(source: Source, loaded: Loaded) -> Iterator[tuple[Any, ...]]:
    """(line, texts…) of what can be read; the rest is noted in `loaded`. Raises StatementUnreadable."""
    source.file.seek(source.start)
    found = _json_rows(source, loaded) if source.format == Format.JSON else _csv_rows(source, loaded)
    for row in found:
        loaded.rows += 1
        yield row


def _lines(source: Source) -> Iterator[bytes]:
    """Raises StatementUnreadable: of a line that is longer nobody knows where it ends."""
    left, number = source.end - source.start, source.first_line
    while left > 0 and (line := source.file.readline(min(LONGEST_LINE + 1, left))):
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            refuse(source.format, number, "too_long", "it is longer than 128 KiB; perhaps a line break is missing.")
        left, number = left - len(line), number + 1
        yield line


def _csv_rows(source: Source, loaded: Loaded) -> Iterator[tuple[Any, ...]]:
    """Bytes that are not UTF-8 come through as surrogates, by which their line is known."""
    texts = (line.decode(errors="surrogateescape") for line in _lines(source))
    reader = csv.reader(texts, delimiter=source.delimiter, strict=True)
    while True:
        line = source.first_line + reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            _judge(failure, line, source, loaded)
            continue
        if not row:
            continue
        text = source.delimiter.join(row)
        if code := _flaw(row, text, len(source.columns)):
            loaded.hold_back(line, code, text.encode(errors="surrogateescape").decode(errors="replace"))
        else:
            yield (line, *row)


def _judge(failure: csv.Error, line: int, source: Source, loaded: Loaded) -> None:
    """A quote that is not closed takes all that follows with it; a carriage return alone may end a line, or not. Raises
    StatementUnreadable.
    """
    if "unexpected end" in str(failure) or "field larger" in str(failure):
        refuse(source.format, line, "truncated", "a quotation mark is opened in this line and never closed.")
    if "new-line character" in str(failure):
        refuse(source.format, line, "line_break", RETURN_ALONE)
    loaded.hold_back(line, "quote", "")


def _flaw(row: Sequence[str], text: str, columns: int) -> str:
    if not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text):
        return "encoding"
    if len(row) != columns:
        return "columns"
    return "control_character" if not CONTROL_CHARACTERS.isdisjoint(text) else ""


def _json_rows(source: Source, loaded: Loaded) -> Iterator[tuple[Any, ...]]:
    first = source.file.read(1)
    while first and first.isspace():
        first = source.file.read(1)
    source.file.seek(source.start)
    found = _array(source) if first == b"[" else _json_lines(source, loaded)
    for line, row in found:
        control = control_of(row) if isinstance(row, dict) else None
        if control is not None:
            loaded.control = joined(loaded.control or {}, control, line)
        elif _is_plain(row):
            yield (line, *(row.get(name) or "" for name in COLUMNS))
        else:
            loaded.hold_back(line, "json", "")


def _json_lines(source: Source, loaded: Loaded) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(_lines(source), start=source.first_line):
        if not line.strip():
            continue
        try:
            yield number, parsed(line)
        except orjson.JSONDecodeError:
            if not line.endswith(b"\n"):
                refuse(source.format, number, "truncated", "the last line is no whole JSON object: it was cut off.")
            loaded.hold_back(number, "json", line.decode(errors="replace"))


def _array(source: Source) -> Iterator[tuple[int, Any]]:
    """Numbered by their place: a file of one line has no other numbers."""
    if source.end - source.start > LONGEST_JSON:
        refuse(source.format, 1, "json", "an array may have 32 MiB. Send one JSON object in each line instead.")
    try:
        found = parsed(source.file.read())
    except orjson.JSONDecodeError as failure:
        refuse(source.format, failure.lineno, "truncated", f"it is no whole JSON array: {failure.msg}.")
    yield from enumerate(found, start=1)


def _is_plain(row: Any) -> bool:
    """Amounts are texts too: a number of JSON may have lost its decimals already."""
    return (
        isinstance(row, dict)
        and row.keys() <= set(COLUMNS)
        and all(value is None or isinstance(value, str) for value in row.values())
        and CONTROL_CHARACTERS.isdisjoint("".join(value or "" for value in row.values()))
    )
