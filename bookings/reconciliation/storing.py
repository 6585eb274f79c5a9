"""The files of statements, from their arrival until their lines are stored."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, BinaryIO

from django.core.files import File
from django.core.files.storage import Storage, storages

from bookings.reconciliation.refusals import StatementFileGone, StatementTooLarge
from movmo.kit.ids import new_id

BLOCK = 256 * 1024
STORAGE = "statements"
SUFFIX = ".statement"


@dataclass(frozen=True, slots=True)
class Stored:
    name: str
    bytes: int
    sha256: str


class _Counted(File):  # type: ignore[type-arg]
    """Hashes what the storage reads, and stops it at the limit: a length that somebody declared is only a word."""

    def __init__(self, source: BinaryIO, limit: int) -> None:
        super().__init__(source, name="statement")
        self._source, self._limit = source, limit
        self.hash, self.read_bytes = hashlib.sha256(), 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while block := self._source.read(BLOCK):
            self.read_bytes += len(block)
            if self.read_bytes > self._limit:
                raise StatementTooLarge(bytes=self.read_bytes, limit=self._limit)
            self.hash.update(block)
            yield block

    def read(self, size: int = -1) -> bytes:
        """For storages that pull rather than take chunks, such as S3's."""
        block = self._source.read(BLOCK if size is None or size < 0 else size)
        self.read_bytes += len(block)
        if self.read_bytes > self._limit:
            raise StatementTooLarge(bytes=self.read_bytes, limit=self._limit)
        self.hash.update(block)
        return block

    def seekable(self) -> bool:
        return False


def _storage() -> Storage:
    return storages[STORAGE]


def keep(file: BinaryIO, *, limit: int) -> Stored:
    """Raises StatementTooLarge; nothing is left behind then."""
    counted, name = _Counted(file, limit), f"{new_id().hex}{SUFFIX}"
    try:
        kept = _storage().save(name, counted)
    except BaseException:
        forget(name)
        raise
    return Stored(kept, counted.read_bytes, counted.hash.hexdigest())


@contextmanager
def opened(name: str) -> Iterator[IO[Any]]:
    """For reading, as bytes; it can be sought. Raises StatementFileGone."""
    try:
        file = _storage().open(name, "rb")
    except FileNotFoundError:
        raise StatementFileGone from None
    with file:
        yield file


def left_behind(*, before: datetime) -> list[str]:
    """Files that have lain there since before then, whosesoever."""
    storage = _storage()
    try:
        names = storage.listdir("")[1]
    except FileNotFoundError:  # nothing was ever kept
        return []
    return [name for name in names if name.endswith(SUFFIX) and _changed_at(storage, name) < before]


def _changed_at(storage: Storage, name: str) -> datetime:
    try:
        return storage.get_modified_time(name)
    except FileNotFoundError:  # its worker has just done with it
        return datetime.max.replace(tzinfo=UTC)


def forget(name: str) -> None:
    if name:
        _storage().delete(name)
