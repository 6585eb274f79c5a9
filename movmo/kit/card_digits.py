"""What looks like a card number: 13 to 19 digits that begin as a card's do and pass the check of ISO/IEC 7812 (Luhn).

They come in groups or not, in the digits of any script, and with an expiry or a security code behind them. What is part
of a longer word is none: ids have digits enough that every thousandth would pass for a card.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate, chain

SHORTEST, LONGEST = 13, 19
LONGEST_TELEPHONE = 15  # ITU-T E.164: behind a plus, so many digits are one
ISSUERS = re.compile(r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[689])|35(?:2[89]|[3-8])|6")
_DOUBLED = str.maketrans("0123456789", "0246813579")
_NOT_GLUED = r"(?<![0-9A-Za-z_])(?<![0-9][.,])(?<![0-9A-Za-z]-)"
_ENDS = r"(?![0-9A-Za-z_]|-[0-9A-Za-z])"
RUN = re.compile(rf"{_NOT_GLUED}[0-9](?:[\s-]{{0,3}}[0-9]){{12,}}{_ENDS}")
POINTED = re.compile(rf"{_NOT_GLUED}[0-9]{{4}}([./_])[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{4}}{_ENDS}")
GROUPS_OF_CARDS = ((4, 4, 4, 4), (4, 6, 5))
# In a JSON text a line break is two characters, or six: whatever RUN or POINTED find in a value, this finds around it.
MAYBE_IN_JSON = re.compile(r"[0-9](?:(?:[ ./_-]|\\[ntrfb]|\\u00[01][0-9a-f]){0,3}[0-9]){12}")


def _plain_letters() -> dict[int, str]:
    """Digits, spaces and dashes of every script as those of ASCII; what is not seen counts as a space."""
    table: dict[int, str] = {}
    for code in chain(range(0x80, 0x20000), range(0xE0000, 0xE0080)):  # between them there are none
        kind = unicodedata.category(chr(code))
        if kind == "Nd":
            table[code] = str(unicodedata.decimal(chr(code)))
        elif kind in ("Zs", "Zl", "Zp", "Cf"):
            table[code] = " "
        elif kind == "Pd" or code == 0x2212:  # the minus sign
            table[code] = "-"
    return table


_PLAIN = _plain_letters()


def is_in(text: str) -> bool:
    """Whether a card number stands in the text."""
    if len(text) < SHORTEST:
        return False
    plain = _as_ascii(text)
    return any(_is_card(digits) for digits in _candidates(plain))


def may_be_in_json(text: str) -> bool:
    """One look at a whole JSON text. False says that no string, name or number in it holds a card number."""
    return MAYBE_IN_JSON.search(_as_ascii(text)) is not None


def _as_ascii(text: str) -> str:
    return text if text.isascii() else text.translate(_PLAIN)


def _candidates(text: str) -> Iterator[str]:
    for found in RUN.finditer(text):
        words = re.split(r"-*\s[\s-]*", found.group())
        shortest = LONGEST_TELEPHONE + 1 if text[found.start() - 1 : found.start()] == "+" else SHORTEST
        for first in range(len(words)):
            yield from _from(words[first : first + LONGEST], shortest)
        yield from filter(None, map(_grouped, words))
    for found in POINTED.finditer(text):
        yield re.sub(r"[./_]", "", found.group())


def _from(words: list[str], shortest: int) -> Iterator[str]:
    """What the first word, the first two, … are together, as far as that is as long as a card's number."""
    for digits in accumulate(word.replace("-", "") for word in words):
        if len(digits) > LONGEST:
            return
        if len(digits) >= shortest:
            yield digits


def _grouped(word: str) -> str | None:
    """4242-4242-4242-4242-123: the groups of a card, and something behind them."""
    groups = word.split("-")
    lengths = tuple(map(len, groups))
    for wanted in GROUPS_OF_CARDS:
        if lengths[: len(wanted)] == wanted:
            return "".join(groups[: len(wanted)])
    return None


def _is_card(digits: str) -> bool:
    return ISSUERS.match(digits) is not None and passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    """Every second digit counts double, by the sum of what that gives."""
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_DOUBLED))) % 10 == 0
