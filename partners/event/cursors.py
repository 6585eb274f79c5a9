"""Where a reader of events, or of another list in the order of its changes, was left: sealed by AES-SIV (RFC 5297) for
one list, one partner and one mode of its keys.

Positions count the events of the whole house, which are nobody else's affair. The sealing needs no nonce: one place has
one cursor, so that a reader sees by the cursor alone that nothing came. The key is one for good (see `lookup`), so that
cursors outlive the house's other keys.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from movmo.kit.cursor import CursorInvalid
from movmo.operations.context import Context
from movmo.operations.lookup import house_key

KEY = "event-cursors"
LIST = b"list_events_v2"
POSITION_BYTES = 8
LENGTH = 32
"""Characters of a cursor: the position and a tag of 16 bytes, in base64 without a rest."""


def sealed(position: int, ctx: Context, *, of: bytes = LIST) -> str:
    plain = position.to_bytes(POSITION_BYTES, "big")
    return urlsafe_b64encode(AESSIV(house_key(KEY)).encrypt(plain, _reader(ctx, of))).decode("ascii")


def opened(cursor: str | None, ctx: Context, *, of: bytes = LIST) -> int:
    """The position; before everything without a cursor. Raises CursorInvalid for one that this reader was not given."""
    if cursor is None:
        return 0
    if len(cursor) != LENGTH or not cursor.isascii():
        raise CursorInvalid
    try:
        return int.from_bytes(AESSIV(house_key(KEY)).decrypt(urlsafe_b64decode(cursor), _reader(ctx, of)), "big")
    except (InvalidTag, ValueError):
        raise CursorInvalid from None


def _reader(ctx: Context, of: bytes) -> list[bytes]:
    return [of, ctx.partner_id.bytes, b"live" if ctx.caller.is_live_key else b"test"]
