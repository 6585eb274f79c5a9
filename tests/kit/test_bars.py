"""Bars are to scale, none is lost, and none is higher than the picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movmo.kit import bars

AMOUNTS = st.lists(st.tuples(*[st.integers(0, 10**9)] * 4), min_size=1, max_size=12)


def test_parts_stand_on_one_another_in_the_order_of_their_kinds() -> None:
    drawn = bars.stacked(["mon", "tue"], {"calls": [60, 0], "refused": [60, 30]})
    assert [(part.kind.name, part.y, part.height) for part in drawn.bars[0].parts] == [
        ("calls", 60, 60),
        ("refused", 0, 60),
    ]
    assert [(part.kind.name, part.y, part.height) for part in drawn.bars[1].parts] == [("refused", 90, 30)]
    assert [(kind.name, kind.total) for kind in drawn.kinds] == [("calls", 60), ("refused", 90)]
    assert (drawn.most, drawn.total, drawn.width) == (120, 150, 2 * bars.STEP)


def test_a_kind_keeps_its_colour_and_its_place_where_another_has_nothing() -> None:
    drawn = bars.stacked(["mon"], {"calls": [0], "refused": [3]})
    assert [(kind.name, kind.colour) for kind in drawn.kinds] == [("refused", bars.COLOURS[1])]
    assert drawn.bars[0].amounts == [3]


def test_a_colour_that_says_something_is_chosen() -> None:
    drawn = bars.stacked(["mon"], {"failed": [1], "booked": [1]}, colours={"failed": bars.RED})
    assert [kind.colour for kind in drawn.kinds] == [bars.RED, bars.COLOURS[1]]


@given(AMOUNTS)
def test_what_there_is_is_seen_and_fits(columns: list[tuple[int, ...]]) -> None:
    labels = [str(place) for place in range(len(columns))]
    drawn = bars.stacked(labels, {str(kind): list(row) for kind, row in enumerate(zip(*columns, strict=True))})
    for column, bar in zip(columns, drawn.bars, strict=True):
        assert [part.amount for part in bar.parts] == [amount for amount in column if amount]
        assert all(part.height >= 1 for part in bar.parts)
        assert sum(part.height for part in bar.parts) <= bars.HEIGHT
        foot = bars.HEIGHT
        for part in bar.parts:
            foot -= part.height
            assert part.y == foot >= 0


@pytest.mark.parametrize(
    ("labels", "shown"),
    [([], []), (["a"], ["a"]), (["a", "b"], ["a", "b"]), (list("abcde"), ["a", "c", "e"])],
)
def test_the_scale_names_the_ends_and_the_middle(labels: list[str], shown: list[str]) -> None:
    assert bars.stacked(labels, {"calls": [1] * len(labels)}).scale == shown


def test_nothing_is_a_chart_too() -> None:
    drawn = bars.stacked([], {})
    assert (drawn.most, drawn.total, drawn.bars, drawn.kinds) == (0, 0, [], [])


@pytest.mark.parametrize(
    ("amount", "of", "percent", "drawn"), [(1, 4, 25, 25), (5, 4, 125, 100), (0, 4, 0, 0), (3, 0, None, 0)]
)
def test_a_level_tells_more_than_its_bar_can_show(amount: int, of: int, percent: int | None, drawn: int) -> None:
    shown = bars.level("September", amount, of)
    assert (shown.percent, shown.drawn, shown.words) == (percent, drawn, f"{amount} of {of}")


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", bars.COLOURS)
def test_every_colour_stands_out_by_day_and_by_night(colour: str) -> None:
    light, dark = luminance("#ffffff"), luminance("#18181b")
    assert (light + 0.05) / (luminance(colour) + 0.05) >= 3
    assert (luminance(colour) + 0.05) / (dark + 0.05) >= 3
