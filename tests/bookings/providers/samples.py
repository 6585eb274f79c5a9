"""Hand-written offers in Duffel's v2 shape: our own airlines, people and prices."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "fixtures" / "offers"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
# All of them were made at noon and live for half an hour.
WHILE_THEY_LIVE = datetime(2027, 3, 1, 12, 5, tzinfo=UTC)


def sample(name: str) -> dict[str, Any]:
    """A fresh copy of a sample offer; change it as you like."""
    raw: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return raw
