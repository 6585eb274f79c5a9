"""Frequent-flyer accounts in a form: rows of an airline and a number."""

from typing import Any

from movmo.traveler.fields import Field

ROWS = 3
NAME = "loyalty_programmes"
PROGRAMMES = tuple(
    part
    for row in range(1, ROWS + 1)
    for part in (
        Field(f"airline_{row}", f"Frequent flyer {row}: airline", hint="Two letters, such as KL.", longest=2),
        Field(f"number_{row}", f"Frequent flyer {row}: number", longest=20),
    )
)


def programmes_of(arguments: dict[str, Any]) -> dict[str, Any]:
    """The rows as the operation takes them; a row with neither is none."""
    rest = {name: value for name, value in arguments.items() if name not in {part.name for part in PROGRAMMES}}
    rows = [(arguments[f"airline_{row}"], arguments[f"number_{row}"]) for row in range(1, ROWS + 1)]
    found = [
        {"airline": (airline or "").upper(), "number": number or ""} for airline, number in rows if airline or number
    ]
    return {**rest, NAME: found}


def shown_programmes(view: dict[str, Any]) -> dict[str, str]:
    shown: dict[str, str] = {}
    for row, programme in enumerate(view[NAME][:ROWS], start=1):
        shown |= {f"airline_{row}": programme["airline"], f"number_{row}": programme["number"]}
    return shown
