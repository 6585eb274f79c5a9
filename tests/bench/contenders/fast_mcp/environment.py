"""The environment that FastMCP runs in: made on demand, pinned to the last package, and apart from Movmo's own."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.bench.stage import ROOT, BenchBroke

PINS = Path(__file__).with_name("requirements.txt")
INSTALL_SECONDS = 300


def python() -> str:
    """Its interpreter. It is kept under var/, and made anew when the pins change. Raises BenchBroke."""
    folder = ROOT / "var" / "bench" / f"fastmcp-{sha256(PINS.read_bytes()).hexdigest()[:12]}"
    interpreter = folder / "bin" / "python"
    if not (folder / ".whole").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(interpreter), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(PINS)])
        (folder / ".whole").touch()
    return str(interpreter)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if done.returncode:
        raise BenchBroke(f"FastMCP's environment was not made: {done.stderr[-2000:]}")
