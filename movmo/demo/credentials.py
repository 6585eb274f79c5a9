"""The credentials of a demo run as a file for the shell: tokens are too long to read or to copy from a screen."""

import os
import shlex
from pathlib import Path

from movmo.demo.seed import Cast


def write(cast: Cast, folder: Path) -> Path:
    """Writes `demo.env`, which only its owner can read, and returns its path. The names are those of the docs."""
    path = folder / "demo.env"
    exports = {
        "MOVMO_KEY": cast.api_key,
        "MOVMO_TOKEN": cast.partner_token,
        "MOVMO_AGENT_TOKEN": cast.agent_token,
    }
    lines = [f"export {name}={shlex.quote(text)}\n" for name, text in exports.items()]
    # Aside and then into place: a file of an earlier run may have been readable by others.
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600, exist_ok=False)
    fresh.write_text("".join(lines))
    fresh.replace(path)
    return path


def as_typed(path: Path) -> str:
    """The path as one would type it here: relative when it is below the current directory."""
    path, here = path.resolve(), Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
