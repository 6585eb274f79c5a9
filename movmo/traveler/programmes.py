"""Frequent-flyer accounts in a form: rows of an airline and a number."""

from collections.abc import Mapping
from typing import Any

from movmo.accounts.contact import MOST_PROGRAMMES
from movmo.accounts.fields import Field

ROWS = MOST_PROGRAMMES
AT_FIRST = 2  # further rows come when these are filled
NAME = "loyalty_programmes"


def _row(row: int) -> tuple[Field, Field]:
    after = f"airline_{row - 1}" if row > AT_FIRST else ""
    airline, number = f"airline_{row}", f"number_{row}"
    return (
        Field(airline, f"Airline {row}", hint="Such as KL.", longest=2, is_half=True, is_upper=True, after=after),
        Field(number, f"Flyer number {row}", hint="If you have one.", longest=20, is_half=True, after=after),
    )


PROGRAMMES = tuple(part for row in range(1, ROWS + 1) for part in _row(row))


def programmes_of(arguments: dict[str, Any]) -> dict[str, Any]:
    """The rows as the operation takes them; a row with neither is none."""
    rest = {name: value for name, value in arguments.items() if name not in {part.name for part in PROGRAMMES}}
    rows = [(arguments[f"airline_{row}"], arguments[f"number_{row}"]) for row in range(1, ROWS + 1)]
    found = [{"airline": airline or "", "number": number or ""} for airline, number in rows if airline or number]
    return {**rest, NAME: found}


def beside_rows(complaints: Mapping[str, str], typed: Mapping[str, Any]) -> dict[str, str]:
    """Complaints about programmes, with pointers to the rows into which they were typed."""
    filled = [row for row in range(1, ROWS + 1) if typed[f"airline_{row}"] or typed[f"number_{row}"]]
    pointers = {
        f"/{NAME}/{index}/{part}": f"/{part}_{row}"
        for index, row in enumerate(filled)
        for part in ("airline", "number")
    }
    return {pointers.get(pointer, pointer): text for pointer, text in complaints.items()}


def shown_programmes(view: dict[str, Any]) -> dict[str, str]:
    shown: dict[str, str] = {}
    for row, programme in enumerate(view[NAME][:ROWS], start=1):
        shown |= {f"airline_{row}": programme["airline"], f"number_{row}": programme["number"]}
    return shown
