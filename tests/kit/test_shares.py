"""An amount is divided without a minor unit lost or made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movmo.kit.money import Money


@pytest.mark.parametrize(
    ("minor", "weights", "parts"),
    [
        (101, [1, 1, 1], [34, 34, 33]),
        (100, [1, 1, 1], [34, 33, 33]),
        (50, [34, 34, 33], [17, 17, 16]),
        (10, [3, 1], [8, 2]),
        (7, [0, 0], [4, 3]),
        (7, [0, 1], [0, 7]),
        (0, [1, 1], [0, 0]),
        (0, [], []),
    ],
)
def test_what_is_left_over_goes_to_the_largest_remainders(minor: int, weights: list[int], parts: list[int]) -> None:
    assert [part.minor for part in Money(minor, "EUR").shared(weights)] == parts


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_the_parts_add_up(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "JPY").shared(weights)
    assert sum(part.minor for part in parts) == minor
    assert {part.currency for part in parts} == {"JPY"}
    whole = sum(weights)
    assert all(
        abs(part.minor * whole - minor * weight) < whole for part, weight in zip(parts, weights, strict=True) if whole
    )
