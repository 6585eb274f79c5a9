"""Cursors come back as they were given out, and nothing else is taken for one."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid

words = st.text(st.characters(codec="utf-8"), max_size=40)
positions = st.lists(words | st.integers(-(2**63), 2**63 - 1), max_size=2)


@given(positions)
def test_a_cursor_leads_back_to_its_position(position: list[str | int]) -> None:
    assert cursor.decode(cursor.encode(position)) == position


@given(positions.map(cursor.encode), st.data())
def test_a_cursor_cut_short_is_refused_or_is_another_position_of_its_own(text: str, data: st.DataObject) -> None:
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    with suppress(CursorInvalid):
        assert cursor.encode(cursor.decode(cut)) == cut


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    with suppress(CursorInvalid):
        assert cursor.encode(cursor.decode(text)) == text


def encoded(json: bytes) -> str:
    return base64.urlsafe_b64encode(json).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "é",
        "!!!!",
        "A",
        encoded(b"{}"),
        encoded(b'{"a": 1}'),
        encoded(b"[true]"),
        encoded(b"[1.5]"),
        encoded(b"[[1]]"),
        encoded(b"[null]"),
        encoded(b"[ 1 ]"),
        encoded(b'["\xff"]'),
        cursor.encode(["a"]) + "=",
        "x" * (cursor.LONGEST + 1),
    ],
)
def test_what_no_list_gave_out_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        cursor.decode(text)


def test_a_position_too_long_to_come_back_is_not_given_out() -> None:
    with pytest.raises(ValueError, match="could not be read back"):
        cursor.encode(["x" * cursor.LONGEST])
