"""How numbers of people are shown where somebody may look over a shoulder."""

SHOWN = 3
MASK = "•"


def masked(number: str) -> str:
    """The end of it, enough to tell two apart: ••••••L21."""
    return MASK * max(0, len(number) - SHOWN) + number[-SHOWN:]
