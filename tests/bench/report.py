"""The figures of a run and the table they are shown in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    rounds: int
    seconds: float
    warm_up: float
    connections: int
    creations: int
    keys: int
    submitters: int
    checks: int
    drive_seconds: float
    rows: int
    booking_rounds: int
    events: int
    outage_seconds: float
    listeners: int
    changes: int
    audit_lines: int
    office_bookings: int
    clicks: int
    batch_lines: int
    export_rows: int
    statement_lines: int


FULL = Scale(
    rounds=7,
    seconds=2.0,
    warm_up=1.5,
    connections=16,
    creations=240,
    keys=300,
    submitters=8,
    checks=20_000,
    drive_seconds=30,
    rows=100_000,
    booking_rounds=3,
    events=30_000,
    outage_seconds=85,
    listeners=1_000,
    changes=100,
    audit_lines=200_000,
    office_bookings=1_000_000,
    clicks=10,
    batch_lines=10_000,
    export_rows=1_000_000,
    statement_lines=1_000_000,
)
QUICK = Scale(
    rounds=3,
    seconds=1.0,
    warm_up=0.5,
    connections=16,
    creations=60,
    keys=40,
    submitters=8,
    checks=5_000,
    drive_seconds=5,
    rows=5_000,
    booking_rounds=2,
    events=6_000,
    outage_seconds=12,
    listeners=200,
    changes=30,
    audit_lines=40_000,
    office_bookings=20_000,
    clicks=5,
    batch_lines=1_000,
    export_rows=100_000,
    statement_lines=100_000,
)


@dataclass(frozen=True)
class Figure:
    """`value` is how many times `against`; without a bar it is for information."""

    what: str
    against: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "×"

    @property
    def passed(self) -> bool:
        above = self.at_least is None or self.value >= self.at_least
        below = self.at_most is None or self.value <= self.at_most
        return above and below

    @property
    def bar(self) -> str:
        if self.at_least is not None and self.at_least == self.at_most:
            return f"= {self.at_least:g}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}{self.unit}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}{self.unit}"

    @property
    def verdict(self) -> str:
        if self.at_least is None and self.at_most is None:
            return "–"
        return "pass" if self.passed else "FAIL"

    @property
    def measured(self) -> str:
        return f"{self.value:.2f}{self.unit}" if self.unit else f"{self.value:g}"


HEADINGS = ("what", "against", "measured", "bar", "")


def table(figures: list[Figure]) -> str:
    rows = [(one.what, one.against, one.measured, one.bar, one.verdict) for one in figures]
    widths = [max(len(row[column]) for row in [HEADINGS, *rows]) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [HEADINGS, *rows]]
    return "\n".join(
        [lines[0].rstrip(), "  ".join("─" * width for width in widths).rstrip(), *map(str.rstrip, lines[1:])]
    )
