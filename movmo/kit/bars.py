"""Amounts by day or by kind as stacked bars, drawn on the server: the page needs no script for them, and no style.

`templates/admin/bars.html` shows a chart, with the same numbers as a table.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

# The picture's own units; the page stretches it.
STEP, BAR, HEIGHT = 20, 14, 120
# Each stands out from white and from the dark page alike, by 3:1 at least.
TEAL, AMBER, BLUE, RED, VIOLET = "#1d9a97", "#d97706", "#3b82f6", "#dc2626", "#8b5cf6"
GREY, GREEN, PINK, PETROL, OCHRE = "#6b7280", "#16a34a", "#db2777", "#0e7490", "#a16207"
SKY, INDIGO, LIME, ROSE = "#0284c7", "#6366f1", "#65a30d", "#f43f5e"
COLOURS = (TEAL, AMBER, BLUE, VIOLET, PINK, GREEN, PETROL, OCHRE, RED, GREY)


class Kind(NamedTuple):
    """What is drawn in one colour."""

    name: str
    colour: str
    total: int


class Part(NamedTuple):
    kind: Kind
    amount: int
    y: int
    height: int


class Bar(NamedTuple):
    """`amounts` are those of all kinds, in their order; `parts` those that are drawn, from the bottom up."""

    label: str
    x: int
    total: int
    amounts: list[int]
    parts: list[Part]


class Chart(NamedTuple):
    bars: list[Bar]
    kinds: list[Kind]
    most: int
    width: int
    height: int = HEIGHT
    bar: int = BAR

    @property
    def total(self) -> int:
        return sum(kind.total for kind in self.kinds)

    @property
    def scale(self) -> list[str]:
        """The labels that stand below the picture: the first, the middle one and the last."""
        labels = [bar.label for bar in self.bars]
        places = sorted({0, len(labels) // 2, len(labels) - 1}) if labels else []
        return [labels[place] for place in places]


def stacked(
    labels: Sequence[str], amounts: Mapping[str, Sequence[int]], *, colours: Mapping[str, str] | None = None
) -> Chart:
    """A bar for each label. Of each kind one amount for each label, none below zero; kinds stand in the given order,
    and those that have nothing at all are left out. `colours` are those of kinds whose colour says something."""
    chosen = colours or {}
    kinds = [
        Kind(name, chosen.get(name) or COLOURS[number % len(COLOURS)], sum(row))
        for number, (name, row) in enumerate(amounts.items())
        if sum(row)
    ]
    columns = [[amounts[kind.name][place] for kind in kinds] for place in range(len(labels))]
    most = max((sum(column) for column in columns), default=0)
    return Chart(
        bars=[
            Bar(label, place * STEP + (STEP - BAR) // 2, sum(column), column, _parts(kinds, column, most))
            for place, (label, column) in enumerate(zip(labels, columns, strict=True))
        ],
        kinds=kinds,
        most=most,
        width=max(1, len(labels)) * STEP,
    )


def _parts(kinds: list[Kind], column: list[int], most: int) -> list[Part]:
    heights = [_height(amount, most) for amount in column]
    if (too_high := sum(heights) - HEIGHT) > 0:
        heights[heights.index(max(heights))] -= too_high
    return [
        Part(kind, amount, HEIGHT - sum(heights[: place + 1]), heights[place])
        for place, (kind, amount) in enumerate(zip(kinds, column, strict=True))
        if amount
    ]


def _height(amount: int, most: int) -> int:
    """What there is at all is seen: at least one unit high."""
    return max(1, round(amount * HEIGHT / most)) if amount else 0


class Level(NamedTuple):
    """How much of something there is, in per cent of its whole, as one bar that lies. `words` say it, too. Of what has
    no whole there is no share to draw."""

    label: str
    percent: int | None
    words: str

    @property
    def drawn(self) -> int:
        return min(100, max(0, self.percent or 0))


def level(label: str, amount: int, of: int, words: str = "") -> Level:
    return Level(label, round(100 * amount / of) if of else None, words or f"{amount:,} of {of:,}")
