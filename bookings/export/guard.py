"""Cells that a spreadsheet would take for formulas, as OWASP tells under “CSV injection”.

A text is one if it begins with a tab or a carriage return, or, after blanks and quotes, with one of = + - @ in their
plain or their wide form. In CSV it gets an apostrophe in front, in Excel the mark of a quoted text. Only texts that
come from outside are looked at: numbers, times and ids are none.

The same rule in SQL, where rows never come to Python. Most texts begin with a letter or a digit, which is the first and
cheap thing to ask.

A spreadsheet whose list separator is a semicolon, as where a comma is the decimal mark, takes a line of CSV apart where
we did not, and the quotes in its middle for letters: of the text “x;=1+1” or of its second line it would run the rest.
Quotes are no help there. So what follows a semicolon, a tab or the end of a line within a text is a formula by the same
rule, and gets its apostrophe. That is done in the bytes of CSV, which are alike from both databases.
"""

import re
from collections.abc import Iterable
from functools import cache

BLANKS = "".join(
    map(chr, (9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F,
              0x2060, 0x3000, 0xFEFF))
)  # fmt: skip
QUOTES = "'\"`´‘’‚‛“”„‟«»‹›＇＂"
SKIPPED = BLANKS + QUOTES
TRIGGERS = "=+-@＝＋－＠﹦﹢﹣﹫−"
FIRST = "\t\r"
MARK = "'"
CUTS = ";\t\r\n"


def is_formula(text: str) -> bool:
    return text[:1] in tuple(FIRST) or text.lstrip(SKIPPED)[:1] in tuple(TRIGGERS)


def apart(block: bytes, rows: int) -> bytes:
    """Whole rows of CSV, marked where a reader with another separator would find a formula. No row may begin with one.

    Hardly a block has any of the characters beside the ends of its rows, and to ask for them costs next to nothing.
    """
    for cut, before_formula in _cuts():
        is_in_text = block.count(cut) > rows if cut == b"\n" else cut in block
        if is_in_text:
            block = before_formula.sub(cut + MARK.encode(), block)
    return block


@cache
def _cuts() -> list[tuple[bytes, "re.Pattern[bytes]"]]:
    skipped, formula = (_any_of(characters) for characters in (set(SKIPPED) - set(CUTS), TRIGGERS))
    ahead = b"(?=" + skipped + b"*" + formula + b")"
    return [(cut.encode(), re.compile(re.escape(cut.encode()) + ahead)) for cut in CUTS]


def _any_of(characters: Iterable[str]) -> bytes:
    """Letters of UTF-8 may be of several bytes."""
    return b"(?:" + b"|".join(re.escape(character.encode()) for character in sorted(characters)) + b")"


def in_sql(text: str, *, vendor: str) -> str:
    """The expression `text`, marked where it is a formula."""
    return _in_postgresql(text) if vendor == "postgresql" else _in_sqlite(text)


def _in_postgresql(text: str) -> str:
    bytewise = f'{text} COLLATE "C"'
    return f"""CASE WHEN {bytewise} >= 'a' AND {bytewise} < '{{' THEN {text}
        WHEN {bytewise} >= 'A' AND {bytewise} < '[' THEN {text}
        WHEN {bytewise} >= '0' AND {bytewise} < ':' THEN {text}
        WHEN left({text}, 1) IN ({_each(FIRST)}) OR left(ltrim({text}, {_quoted(SKIPPED)}), 1) IN ({_each(TRIGGERS)})
        THEN {_quoted(MARK)} || {text} ELSE {text} END"""


def _in_sqlite(text: str) -> str:
    return f"""CASE WHEN {text} GLOB '[A-Za-z0-9]*' THEN {text}
        WHEN substr({text}, 1, 1) IN ({_each(FIRST)})
        OR substr(ltrim({text}, {_quoted(SKIPPED)}), 1, 1) IN ({_each(TRIGGERS)})
        THEN {_quoted(MARK)} || {text} ELSE {text} END"""


def _each(characters: str) -> str:
    return ", ".join(map(_quoted, characters))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
