"""Where finished files are: the storage that the settings call `exports`, a folder or an S3 bucket.

A file is written aside, on the worker's own disk, and appears in the storage whole or not at all: a folder gets it by a
rename, a bucket shows an object when its upload is complete.
"""

from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

NAME = "exports"


def storage() -> Storage:
    return storages[NAME]


def aside(export_id: UUID, fence: int) -> Path:
    """Where a claim writes. What earlier claims left half-written on this machine is removed; a later one's worker may
    be at its file.
    """
    folder = Path(settings.MOVMO_EXPORTS_ASIDE)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for earlier in range(1, fence):
        (folder / f"{export_id}-{earlier}.part").unlink(missing_ok=True)
    file = folder / f"{export_id}-{fence}.part"
    file.touch(mode=0o600)
    return file


class _Finished(File):  # type: ignore[type-arg]
    """A folder renames what has a path; everything else reads it."""

    def __init__(self, path: Path, opened: IO[bytes]) -> None:
        super().__init__(opened, name=path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        return str(self._path)


def keep(path: Path, name: str) -> None:
    with path.open("rb") as opened:
        kept = storage().save(name, _Finished(path, opened))
    path.unlink(missing_ok=True)
    if kept != name:
        raise FileExistsError(name)


def opened(name: str) -> tuple[Any, int]:
    """The file, to be read in pieces and closed, and its size. Raises what the storage does where there is none."""
    bucket = getattr(storage(), "bucket", None)
    if bucket is None:
        file = storage().open(name, "rb")
        return file, file.size
    # The storage's own file comes whole before its first byte is to be had.
    found = bucket.Object(storage()._normalize_name(name)).get()  # type: ignore[attr-defined]
    return found["Body"], found["ContentLength"]


def forget(name: str) -> None:
    """Deleted; one that is gone already is no error."""
    storage().delete(name)


def tidy(*, older_than: float) -> None:
    """Remove what workers left half-written that never came back. `older_than`: seconds since 1970."""
    folder = Path(settings.MOVMO_EXPORTS_ASIDE)
    for left in folder.glob("*.part") if folder.exists() else ():
        if left.stat().st_mtime < older_than:
            left.unlink(missing_ok=True)
