"""The bytes of a statement as they were sent: plain, or compressed with gzip, which a file tells by its first bytes."""

import base64
import binascii
import gzip
import zlib
from io import BytesIO
from typing import BinaryIO

from movmo.kit.errors import InvalidArguments

MAGIC = b"\x1f\x8b"


class _Opened(gzip.GzipFile):
    """Whose faults are those of the file. Its length is judged while it is read: see `storing`."""

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except (OSError, EOFError, zlib.error):
            raise InvalidArguments({"/content": "It begins like a gzip file, and is none, or was cut off."}) from None


def opened(file: BinaryIO) -> BinaryIO:
    head = file.read(len(MAGIC))
    file.seek(0)
    return _Opened(fileobj=file) if head == MAGIC else file  # type: ignore[return-value]


def of_base64(text: str) -> BinaryIO:
    """Raises InvalidArguments."""
    try:
        sent = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise InvalidArguments({"/content": "It is no base64."}) from None
    return opened(BytesIO(sent))
