"""What staff give as a reason can be read by whoever looks at it later."""

import pytest

from movmo.kit.errors import InvalidArguments
from movmo.operations.reasons import REASON, reason_of

FILLERS = {
    "nothing": "",
    "spaces": " \t\n" * 5,
    "no-break spaces": "\u00a0" * 9,
    "zero width": "\u200b\u200c\u200d\u2060\ufeff" * 3,
    "soft hyphens": "\u00ad" * 9,
    "hangul filler": "\u3164" * 9,
    "hangul jamo fillers": "\u115f\u1160\uffa0" * 3,
    "braille blank": "\u2800" * 9,
    "variation selectors": "\ufe0f\ufe00" * 5,
    "combining marks": "\u034f\u0301" * 5,
    "tags": "\U000e0041" * 9,
    "right to left": "\u202e\u202d\u2066" * 3,
    "dots": ".........",
    "punctuation": "!?-_ (…) §$%",
    "a letter among dots": "....a....",
    "two letters among fillers": "a\u3164\u3164\u3164b",
    "emoji": "👍👍👍👍👍",
    "too short behind fillers": "\u3164\u3164\u3164why",
}


@pytest.mark.parametrize("typed", FILLERS.values(), ids=FILLERS)
def test_what_cannot_be_read_is_none(typed: str) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        reason_of(typed)
    assert set(refusal.value.fields) == {REASON}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("agreed with AF", "agreed with AF"),
        ("  EU 261\n", "EU 261"),
        ("사유가 있음", "사유가 있음"),
        ("航空会社の説明", "航空会社の説明"),
        ("कारण बताया", "कारण बताया"),
        ("شرح الناقل", "شرح الناقل"),
        ("agreed\u3164with\u2800AF", "agreed with AF"),
        ("x\u200bagreed", "x agreed"),
    ],
)
def test_words_of_any_script_are_one(typed: str, kept: str) -> None:
    assert reason_of(typed) == kept
