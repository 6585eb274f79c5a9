"""Exports of many bookings: how long a file takes against the database's own copy, and how much of memory."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.records import ExportCosts
from tests.bench.report import Figure, Scale
from tests.bench.stage import Stage

MEGABYTE = 2**20


def measure(stage: Stage, database: str, scale: Scale, say: Callable[[str], None]) -> list[Figure]:
    costs = ExportCosts(**stage.step("tests.bench.export_costs", scale.export_rows))
    what = f"{costs.rows:,} bookings × {costs.columns} columns"
    say(f"export on {database}: \\copy {costs.copy:.2f} s, CSV {costs.csv:.2f} s, JSON Lines {costs.jsonl:.2f} s")
    is_whole = costs.rows >= 1_000_000
    figures = [
        Figure(f"Parquet of {what}, {database}", "the clock", costs.parquet, unit=" s",
               at_most=4 if is_whole and costs.copy else None),
        Figure(f"worker grows by, CSV, {database}", "itself", costs.grown / MEGABYTE, at_most=64, unit=" MB"),
        Figure(f"worker grows by, Parquet, {database}", "itself", costs.parquet_grown / MEGABYTE, at_most=64,
               unit=" MB"),
    ]  # fmt: skip
    if costs.copy:
        ratios = [
            Figure(f"{name} of {what}, {database}", "psql \\copy", seconds / costs.copy, at_most=2)
            for name, seconds in (("CSV", costs.csv), ("Parquet", costs.parquet))
        ]
        return [*ratios, *figures]
    return [Figure(f"CSV of {what}, {database}", "the clock", costs.csv, unit=" s"), *figures]
