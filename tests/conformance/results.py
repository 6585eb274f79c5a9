"""What the suite found out: it leaves a folder for each scenario, with a list of checks in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER_NAME = re.compile(r"(?:authorization-)?server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")
OF_EVERY_SCENARIO = frozenset({"wire-schema-valid", "wire-schema-harness-error"})
"""Each message was held against the protocol's schema, whatever else the scenario is about."""


@dataclass(frozen=True)
class Check:
    id: str
    status: str
    message: str = ""

    @property
    def is_objection(self) -> bool:
        """A warning is one too: it is what should be so, and is not."""
        return self.status in ("FAILURE", "WARNING")


@dataclass(frozen=True)
class Scenario:
    name: str
    checks: tuple[Check, ...]

    @property
    def objections(self) -> list[Check]:
        return [check for check in self.checks if check.is_objection]

    @property
    def has_tried(self) -> bool:
        """Something of its own held: a scenario that skips all it has shows nothing."""
        return any(check.status == "SUCCESS" and check.id not in OF_EVERY_SCENARIO for check in self.checks)

    @property
    def has_passed(self) -> bool:
        return self.has_tried and not self.objections


def read(folder: Path) -> list[Scenario]:
    found = ((FOLDER_NAME.fullmatch(path.parent.name), path) for path in sorted(folder.glob("*/checks.json")))
    return [Scenario(name["scenario"], tuple(_checks(json.loads(path.read_text())))) for name, path in found if name]


def _checks(told: Iterable[dict[str, object]]) -> Iterable[Check]:
    for one in told:
        yield Check(str(one["id"]), str(one["status"]), str(one.get("errorMessage") or ""))
