"""What callers were ever told of: published.json beside this file, by name, with the sunset of those that have one.

`manage.py published` prints what it should hold by now; `make snapshots` keeps it.
"""

import json
from datetime import date
from pathlib import Path

from movmo.operations import registry

FILE = Path(__file__).with_name("published.json")


def known() -> dict[str, date | None]:
    """The sunset of every operation that was ever published; None where it has none."""
    kept: dict[str, str | None] = json.loads(FILE.read_text())
    return {name: date.fromisoformat(sunset) if sunset else None for name, sunset in kept.items()}


def updated() -> dict[str, date | None]:
    """What is known with what is declared today. Nothing that was published is forgotten before its sunset is over."""
    declared = {one.name: one.deprecated.sunset if one.deprecated else None for one in registry.all_operations()}
    return dict(sorted({**known(), **declared}.items()))
