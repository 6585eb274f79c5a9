"""A dataset with its filters, as statements: the rows in each of their shapes, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bookings.catalogue import modes
from bookings.export import columns, guard
from bookings.export.columns import Type
from bookings.export.datasets import DATASETS, Dataset
from bookings.export.models import Export
from bookings.export.schemas import DatasetName, StaffFilters

NULL = "\\N"
"""How a missing value is written where the reader is a program of ours."""


@dataclass(frozen=True, slots=True)
class Selection:
    """`values` fill the places of `where`, as Python has them."""

    dataset: Dataset
    where: str
    values: tuple[Any, ...]

    def count(self, *, most: int | None = None) -> str:
        """How many rows; at most `most`, where only that matters."""
        if most is None:
            return f"SELECT count(*) FROM {self.dataset.source} {self.where}"  # noqa: S608  (our own text)
        rows = f"SELECT 1 AS one FROM {self.dataset.source} {self.where} LIMIT {most}"  # noqa: S608
        return f"SELECT count(*) FROM ({rows}) AS bounded"  # noqa: S608

    def for_spreadsheets(self, *, vendor: str) -> str:
        """Texts guarded."""
        shown = ", ".join(
            f"{guard.in_sql(name, vendor=vendor)} AS {name}" if type_ is Type.TEXT else name
            for name, type_ in ((f'"{column.name}"', column.type) for column in self.dataset.columns)
        )
        return f"SELECT {shown} FROM ({self._rows(columns.as_text, vendor)}) AS r"  # noqa: S608

    def for_programs(self, *, vendor: str) -> str:
        """As it is, with NULL for what is missing on either database."""
        rows = self._rows(columns.bare, vendor)
        if vendor == "postgresql":
            return rows
        shown = ", ".join(f"ifnull(\"{column.name}\", '{NULL}')" for column in self.dataset.columns)
        return f"SELECT {shown} FROM ({rows}) AS r"  # noqa: S608

    def as_objects(self, *, vendor: str) -> str:
        """One column, a JSON object in each row."""
        rows = self._rows(columns.as_json, vendor)
        if vendor == "postgresql":
            return f"SELECT row_to_json(r) FROM ({rows}) AS r"  # noqa: S608
        pairs = ", ".join(
            f"'{column.name}', " + (f'json("{column.name}")' if column.type is Type.JSON else f'"{column.name}"')
            for column in self.dataset.columns
        )
        return f"SELECT json_object({pairs}) FROM ({rows}) AS r"  # noqa: S608

    def as_cells(self, *, vendor: str) -> str:
        """One column, a JSON array in each row: the texts that CSV has, and null for what is missing."""
        texts = ", ".join(f'CAST("{column.name}" AS TEXT)' for column in self.dataset.columns)
        array = "json_build_array" if vendor == "postgresql" else "json_array"
        return f"SELECT {array}({texts}) FROM ({self._rows(columns.as_text, vendor)}) AS r"  # noqa: S608

    def _rows(self, rendered: Any, vendor: str) -> str:
        """In their order. OFFSET 0 keeps the planner from working an expression out again for each of its uses."""
        shown = ", ".join(f'{rendered(column, vendor=vendor)} AS "{column.name}"' for column in self.dataset.columns)
        rows = f"SELECT {shown} FROM {self.dataset.source} {self.where} ORDER BY {self.dataset.order}"  # noqa: S608
        return f"{rows} OFFSET 0" if vendor == "postgresql" else rows


def of(export: Export) -> Selection:
    """What was ordered: the filters, and for a partner its own rows and no others."""
    dataset = DATASETS[DatasetName(export.dataset)]
    asked = StaffFilters.model_validate(export.filters)
    found: list[tuple[str, Sequence[Any]]] = [
        (dataset.conditions[name].sql, [dataset.conditions[name].value(value)])
        for name, value in asked
        if value is not None
    ]
    if export.partner_id is not None:
        found.append((f"{dataset.partner} = %s", [export.partner_id]))
        if dataset.provider:
            found.append(_of_mode(dataset.provider, is_live=bool(export.is_live)))
    where = " AND ".join(sql for sql, _ in found)
    return Selection(
        dataset, f"WHERE {where}" if where else "", tuple(value for _, values in found for value in values)
    )


def _of_mode(provider: str, *, is_live: bool) -> tuple[str, Sequence[Any]]:
    sandboxes = modes.sandboxes()
    if not sandboxes:
        return ("TRUE" if is_live else "FALSE"), []
    places = ", ".join(["%s"] * len(sandboxes))
    return f"{provider} {'NOT IN' if is_live else 'IN'} ({places})", sandboxes


def bound(values: Sequence[Any], connection: Any) -> list[Any]:
    """The values as this database compares them."""
    return [_bound(value, connection) for value in values]


def _bound(value: Any, connection: Any) -> Any:
    match value:
        case UUID():
            return value if connection.features.has_native_uuid_field else value.hex
        case datetime():
            return connection.ops.adapt_datetimefield_value(value)
        case date():
            return connection.ops.adapt_datefield_value(value)
    return value
