"""What looks like a card number: 13 to 19 digits that begin as a card's do and pass the check of ISO/IEC 7812 (Luhn).

They come in groups or not, in the digits of any script, and with an expiry or a security code behind them. What is part
of a longer word is none: ids have digits enough that every thousandth would pass for a card.
"""

import re
import unicodedata
from collections.abc import Container
from itertools import accumulate, chain

SHORTEST, LONGEST = 13, 19
LONGEST_TELEPHONE = 15  # ITU-T E.164: behind a plus, so many digits are one
ISSUERS = re.compile(r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[689])|35(?:2[89]|[3-8])|6")
VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_NOT_GLUED = r"(?<![0-9A-Za-z_])(?<![0-9][.,])(?<![0-9A-Za-z]-)"
_ENDS = r"(?![0-9A-Za-z_]|-[0-9A-Za-z])"
RUN = re.compile(rf"{_NOT_GLUED}[0-9](?:[\s-]{{0,3}}[0-9]){{12,}}{_ENDS}")
POINTED = re.compile(rf"{_NOT_GLUED}[0-9]{{4}}([./_])[0-9]{{4}}\1[0-9]{{4}}\1[0-9]{{4}}{_ENDS}")
BETWEEN_WORDS = re.compile(r"-*\s[\s-]*")
GROUPS_OF_CARDS = ((4, 4, 4, 4), (4, 6, 5))
SHORTEST_GROUPED = 17  # 4242-424242-42424
BEGINS_A_VALUE = re.compile(r'(?:^|[=&?"\s])\+?\Z')
PLAIN_BEFORE = re.compile(rf"(?:%[0-9A-Fa-f]{{2}})?([0-9]{{{SHORTEST},}})")
# In a JSON text a line break is two characters, or six, and large floats have an exponent. Whatever is found in a
# value, be its pluses spaces, this finds around it.
MAYBE_IN_JSON = re.compile(
    r"[0-9](?:(?:[\s+./_-]|\\[ntrfb]|\\u00[01][0-9a-f]){0,3}[0-9]){12}|[0-9]e\+?1[2-8](?![0-9A-Za-z_-])"
)


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
    return len(text) >= SHORTEST and _stands_in(_as_ascii(text), None)


def is_in_decoded(text: str, encoded: str) -> bool:
    """Whether a card number stands in the text that `encoded` decodes to.

    Ids of many digits stand behind %3A or %2F: digits that were as plain before must be a card's groups, or a value
    that =, &, ?, a space or nothing stands before.
    """
    if len(text) < SHORTEST:
        return False
    return _stands_in(_as_ascii(text), frozenset(PLAIN_BEFORE.findall(_as_ascii(encoded))))


def may_be_in_json(text: str) -> bool:
    """One look at a whole JSON text. False says that no string, name or number in it holds a card number."""
    return MAYBE_IN_JSON.search(_as_ascii(text)) is not None


def _as_ascii(text: str) -> str:
    return text if text.isascii() else text.translate(_PLAIN)


def _stands_in(text: str, plain_before: Container[str] | None) -> bool:
    for found in RUN.finditer(text):
        before = text[max(0, found.start() - 2) : found.start()]
        shortest = LONGEST_TELEPHONE + 1 if before.endswith("+") else SHORTEST
        words = BETWEEN_WORDS.split(found.group())
        is_value = plain_before is None or BEGINS_A_VALUE.search(before) or _was_encoded(words[0], plain_before)
        if _any_of_words(words, shortest, is_value=bool(is_value)) or any(map(_is_grouped, words)):
            return True
    return any(_is_card(re.sub(r"[./_]", "", found.group())) for found in POINTED.finditer(text))


def _was_encoded(word: str, plain_before: Container[str]) -> bool:
    return len(word) >= SHORTEST and word.isdecimal() and word not in plain_before


def _any_of_words(words: list[str], shortest: int, *, is_value: bool) -> bool:
    """Whether words in a row are a card number. One that begins with the first must be a card's groups or a value."""
    words = [word.replace("-", "") for word in words]
    if len(words) == 1:
        return is_value and shortest <= len(words[0]) <= LONGEST and _is_card(words[0])
    digits = "".join(words)
    edges = list(accumulate(map(len, words), initial=0))
    ends = bytearray(len(digits) + 1)
    for edge in edges:
        ends[edge] = True
    sums = _luhn_sums(digits)  # so every look is equally short, however many words there are
    first = 0 if is_value or any(_are_groups(words, wanted) for wanted in GROUPS_OF_CARDS) else 1
    for start in edges[first:-1]:
        if ISSUERS.match(digits, start) is None:
            continue
        for end in range(start + shortest, min(start + LONGEST, len(digits)) + 1):
            if ends[end] and sums[end % 2][start] == sums[end % 2][end]:
                return True
    return False


def _luhn_sums(digits: str) -> tuple[bytes, bytes]:
    """Modulo 10, up to each digit: for numbers that end at an even place, and at an odd one."""
    even = bytearray(digits.encode().translate(DOUBLED))
    odd = bytearray(even)
    plain = digits.encode().translate(VALUES)
    even[1::2], odd[::2] = plain[1::2], plain[::2]
    return _sums(even), _sums(odd)


def _sums(values: bytearray) -> bytes:
    return bytes(total % 10 for total in accumulate(values, initial=0))


def _is_grouped(word: str) -> bool:
    """4242-4242-4242-4242-123: the groups of a card, and something behind them."""
    if len(word) < SHORTEST_GROUPED:
        return False
    groups = word.split("-", 4)
    return any(_are_groups(groups, wanted) and _is_card("".join(groups[: len(wanted)])) for wanted in GROUPS_OF_CARDS)


def _are_groups(words: list[str], wanted: tuple[int, ...]) -> bool:
    return tuple(map(len, words[: len(wanted)])) == wanted


def _is_card(digits: str) -> bool:
    return ISSUERS.match(digits) is not None and passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    """Every second digit counts double, by the sum of what that gives."""
    values = digits.encode()
    return (sum(values[-1::-2].translate(VALUES)) + sum(values[-2::-2].translate(DOUBLED))) % 10 == 0
