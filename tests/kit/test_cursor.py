"""Cursors are read back as they were given out, or refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movmo.kit import cursor
from movmo.kit.cursor import CursorInvalid
from movmo.kit.ids import new_id

positions = st.lists(
    st.one_of(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), st.integers(0, 2**31)), max_size=4
)


@given(positions)
def test_a_cursor_gives_back_its_position(position: list[str | int]) -> None:
    assert cursor.decode(cursor.encode(position)) == position


@given(st.text(max_size=80))
def test_any_other_text_is_refused_or_is_a_cursor_itself(text: str) -> None:
    try:
        position = cursor.decode(text)
    except CursorInvalid:
        return
    assert cursor.encode(position) == text


@pytest.mark.parametrize(
    "inside", ["{}", "null", "[true]", "[1.5]", "[[1]]", "[ 1 ]", "[99999999999999999999999]", "x"]
)
def test_what_a_cursor_cannot_hold_is_refused(inside: str) -> None:
    with pytest.raises(CursorInvalid):
        cursor.decode(base64.urlsafe_b64encode(inside.encode()).rstrip(b"=").decode())


def test_a_cursor_of_another_list_is_no_id() -> None:
    with pytest.raises(CursorInvalid):
        cursor.decode_id(cursor.encode([str(new_id()), 7]))


def test_a_cursor_longer_than_any_we_give_out_is_refused_unread() -> None:
    with pytest.raises(CursorInvalid):
        cursor.decode("A" * (cursor.LONGEST + 1))


def test_a_position_by_id_is_read_back() -> None:
    id_ = new_id()
    assert cursor.decode_id(cursor.encode([str(id_)])) == id_


def test_a_cursor_that_could_not_be_read_back_is_not_given_out() -> None:
    with pytest.raises(ValueError, match="could not be read back"):
        cursor.encode(["x" * cursor.LONGEST])
