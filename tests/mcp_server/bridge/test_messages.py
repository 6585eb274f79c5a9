"""Headers as the SDK writes and reads them, without the SDK."""

import hypothesis
import pytest
from hypothesis import strategies
from mcp.shared import inbound

from mcp_server.bridge import messages
from mcp_server.bridge.stdio import LONGEST_LINE, LineTooLong, Splitter


@hypothesis.given(
    strategies.text() | strategies.sampled_from(["", " a", "=?base64?YQ==?=", "=?base64?", "a\r\nb", "\x7f"])
)
def test_a_value_is_encoded_as_the_sdk_does(value: str) -> None:
    assert messages.encoded(value) == inbound.encode_header_value(value)


def test_the_same_methods_bear_a_name() -> None:
    assert dict(inbound.NAME_BEARING_METHODS) == messages.NAMED_BY


@hypothesis.given(strategies.lists(strategies.binary()), strategies.integers(1, 20))
def test_lines_are_the_same_however_they_are_cut(pieces: list[bytes], size: int) -> None:
    whole = b"\n".join(pieces)
    splitter, found = Splitter(), []
    for start in range(0, len(whole), size):
        found += splitter.take(whole[start : start + size])
    found += splitter.take(b"\n")
    assert found == [line.strip() for line in whole.split(b"\n") if line.strip()]


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_line_without_end_is_passed_over_and_the_next_is_read(ends: bytes) -> None:
    splitter, found = Splitter(), []
    for _ in range(LONGEST_LINE // 1_000_000 + 1):
        found += splitter.take(b"x" * 1_000_000)
    found += splitter.take(ends + b"next" + ends)
    assert isinstance(found[0], LineTooLong)
    assert found[1:] == [b"next"]
