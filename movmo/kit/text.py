"""Text that somebody else wrote."""

LONGEST_NAME = 60
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U00013441\U00013442")
"""Letters and symbols by their Unicode category, of which nothing is seen: Hangul's fillers, Braille's and hieroglyphs'
blanks.
"""


def one_line(text: str, *, longest: int = LONGEST_NAME) -> str:
    """One short line of characters that can be seen."""
    line = " ".join("".join(mark if mark.isprintable() and mark not in BLANK else " " for mark in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def letters(text: str) -> int:
    """How many letters and digits of any script can be seen in it."""
    return sum(mark.isalnum() and mark not in BLANK for mark in text)
