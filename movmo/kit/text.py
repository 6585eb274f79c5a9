"""Text that somebody else wrote."""

LONGEST_NAME = 60


def one_line(text: str, *, longest: int = LONGEST_NAME) -> str:
    """One short line of characters that can be seen."""
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
