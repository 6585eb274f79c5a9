"""How what belongs to a person is shown to staff: enough to tell two apart on the telephone, too little to use.

Each gives "" for nothing: that there is nothing may be seen.
"""

MASK = "•"
SHOWN_OF_NUMBER = 3
A_NUMBER = 6
"""The shortest of which an end is shown: of a shorter one it would be the half."""


def address(email: str) -> str:
    """a***@example.com: always three stars, so that the length is not told either."""
    if not email:
        return ""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}***@{domain}" if local else "***"


def number(digits: str) -> str:
    """Of a telephone, a document: its end. ••••••L21."""
    text = str(digits or "")
    shown = SHOWN_OF_NUMBER if len(text) >= A_NUMBER else 0
    return MASK * (len(text) - shown) + text[len(text) - shown :]


def whole(value: object) -> str:
    """Of a date and whatever else has no part that may be seen: that there is one."""
    return "" if value in (None, "") else MASK * 4
