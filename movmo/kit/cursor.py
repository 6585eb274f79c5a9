"""Opaque cursors: where a list was left, as URL-safe text.

A cursor holds the sort values of the last row shown. It is not signed: it only positions a reader within rows that the
query already limits to the caller, so a forged one can skip rows and reach no others.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

import orjson

from movmo.kit.errors import DomainError, Kind
from movmo.kit.ids import is_id

LONGEST = 512

Position = list[str | int]
Row = TypeVar("Row")


class CursorInvalid(DomainError):
    kind = Kind.INVALID
    code = "cursor_invalid"
    message = "The cursor is not one that this list gave out to you."
    hint = "Send `next_cursor` of the previous page unchanged, or leave `cursor` out to start again."


def encode(position: Sequence[str | int]) -> str:
    """The cursor for a position: the sort values of the last row of a page."""
    cursor = _text(list(position))
    if len(cursor) > LONGEST:
        raise ValueError(f"a cursor of {len(cursor)} characters could not be read back")
    return cursor


def decode(cursor: str) -> Position:
    """The position that `encode` was given. Raises CursorInvalid for anything else."""
    if len(cursor) > LONGEST:
        raise CursorInvalid
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = orjson.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError, orjson.JSONDecodeError):
        raise CursorInvalid from None
    if not isinstance(position, list) or not all(type(value) in (str, int) for value in position):
        raise CursorInvalid
    if _text(position) != cursor:  # base64 and JSON both have several spellings of one value; only ours is taken
        raise CursorInvalid
    return position


def page(read: Sequence[Row], limit: int, position: Callable[[Row], Position]) -> tuple[Sequence[Row], str | None]:
    """What a page shows of `limit + 1` rows that were read, and the cursor of the next page, if there is one."""
    shown = read[:limit]
    return shown, encode(position(shown[-1])) if len(read) > limit else None


def decode_id(cursor: str) -> UUID:
    """The position of a list that is ordered by id alone. Raises CursorInvalid."""
    match decode(cursor):
        case [str(text)] if is_id(text):
            return UUID(text)
    raise CursorInvalid


def _text(position: Position) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(position)).rstrip(b"=").decode("ascii")
