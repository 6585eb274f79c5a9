"""The two places where tokens can be kept: the keyring of the operating system, or a file that nobody else reads."""

import importlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from mcp_server.bridge.trouble import StoreRefused, say

SERVICE = "movmo-mcp"
LONGEST_FILE = 65_536
ON_WINDOWS = sys.platform == "win32"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Vault(Protocol):
    """One text for each server. Raises StoreRefused."""

    @property
    def name(self) -> str: ...
    def read(self) -> str | None: ...
    def write(self, text: str) -> None: ...
    def delete(self) -> None: ...


def folder() -> Path:
    """Ours under the one where this platform keeps settings; XDG_CONFIG_HOME is obeyed on all of them."""
    if chosen := os.environ.get("XDG_CONFIG_HOME"):
        return Path(chosen) / SERVICE
    if ON_WINDOWS and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / SERVICE
    try:
        home = Path.home()
    except RuntimeError:
        raise StoreRefused("This user has no home folder.", "Name a folder in XDG_CONFIG_HOME.") from None
    return home / "Library/Application Support" / SERVICE if sys.platform == "darwin" else home / ".config" / SERVICE


def prepare(place: Path) -> None:
    """Make the folder, or see that nobody else looks into the one that is there."""
    try:
        place.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        found = place.stat()
    except OSError as failure:
        raise _unusable(place, failure) from None
    if not ON_WINDOWS and (found.st_uid != os.geteuid() or found.st_mode & OTHERS):
        raise StoreRefused(f"Others can look into {place}, where tokens are kept.", f"Mend it: chmod 700 '{place}'")


def file_name(origin: str) -> str:
    """`https://movmo.example:8443` → `https_movmo.example_8443.json`. No host has an underscore: two never meet."""
    return origin.replace("://", "_").replace(":", "_") + ".json"


def origin_of(name: str) -> str:
    """The way back from the name of a file."""
    return name.removesuffix(".json").replace("_", "://", 1).replace("_", ":")


class File:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = str(path)

    def read(self) -> str | None:
        # O_NOFOLLOW: whoever can put a link there must not choose what is read.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(self._path, flags)
        except FileNotFoundError:
            return None
        except OSError as failure:
            raise _unusable(self._path, failure) from None
        try:
            self._check(os.fstat(descriptor))
            return os.read(descriptor, LONGEST_FILE).decode("utf-8", "replace")
        except OSError as failure:
            raise _unusable(self._path, failure) from None
        finally:
            os.close(descriptor)

    def _check(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise StoreRefused(f"{self._path} is no plain file.", "Remove it, then sign in again: movmo-mcp login")
        if not ON_WINDOWS and (found.st_uid != os.geteuid() or found.st_mode & OTHERS):
            raise StoreRefused(
                f"Others can read {self._path}, where tokens are kept.",
                f"Mend it: chmod 600 '{self._path}'. If somebody may have read it: movmo-mcp logout, then login.",
            )

    def write(self, text: str) -> None:
        """All or nothing: a reader finds the old text or the new one."""
        try:
            # Made with 0600 from the start.
            descriptor, made = tempfile.mkstemp(dir=self._path.parent, prefix=".new-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(made).replace(self._path)
            except BaseException:
                Path(made).unlink(missing_ok=True)
                raise
        except OSError as failure:
            raise _unusable(self._path, failure) from None

    def delete(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as failure:
            raise _unusable(self._path, failure) from None


class Keyring:
    """The keyring first, and the file for what it does not take: Windows' holds 1,280 characters, others are locked.

    Its backends raise whatever their platform does, hence the wide nets: each says so, and the file is as good.
    """

    def __init__(self, module: Any, origin: str, file: File) -> None:
        self._module = module
        self._origin = origin
        self._file = file
        self.name = f"the keyring ({module.get_keyring().name})"

    def read(self) -> str | None:
        found: str | None = None
        try:
            found = self._module.get_password(SERVICE, self._origin)
        except Exception as failure:  # noqa: BLE001
            self._say("was not read", failure)
        return found if found is not None else self._file.read()

    def write(self, text: str) -> None:
        try:
            self._module.set_password(SERVICE, self._origin, text)
        except Exception as failure:  # noqa: BLE001
            self._say("did not take the tokens", failure)
            self._forget()  # or the older ones would be found first
            self._file.write(text)
        else:
            self._file.delete()

    def delete(self) -> None:
        self._forget()
        self._file.delete()

    def _forget(self) -> None:
        with suppress(Exception):
            self._module.delete_password(SERVICE, self._origin)

    def _say(self, what: str, failure: Exception) -> None:
        say(f"The keyring {what} ({type(failure).__name__}: {failure}); a file keeps them.")


def vault(origin: str, place: Path, keyring: Any = None) -> Vault:
    """The keyring, where there is a usable one; else the file. `keyring` is the module of that name, if installed."""
    file = File(place / file_name(origin))
    module = keyring if keyring is not None else _installed_keyring()
    return Keyring(module, origin, file) if module is not None else file


def _installed_keyring() -> Any:
    """The module, or None: not installed (it is an extra), or with nothing behind it."""
    try:
        module = importlib.import_module("keyring")
        backend = module.get_keyring()
        # Below 1 are those that keep nothing, or keep it in clear text.
        return module if backend.priority >= 1 else None
    except Exception:  # noqa: BLE001 (as above: a backend may fail in any way, and the file needs none)
        return None


def _unusable(path: Path, failure: OSError) -> StoreRefused:
    reason = failure.strerror or type(failure).__name__
    return StoreRefused(
        f"{path} cannot be used to keep tokens: {reason}.", "Name a folder of yours in XDG_CONFIG_HOME."
    )
