"""Card numbers are found however they are written, and ids are not taken for them."""

import json
import random
import re
import sys
from itertools import accumulate
from typing import Any
from uuid import UUID

import pytest

from movmo.kit.card_digits import (
    GROUPS_OF_CARDS,
    ISSUERS,
    LONGEST,
    LONGEST_TELEPHONE,
    POINTED,
    RUN,
    SHORTEST,
    is_in,
    is_in_decoded,
    may_be_in_json,
    passes_luhn,
)
from movmo.kit.http import request_id

CARD = "4242424242424242"
WRITTEN = [
    CARD,
    f"card:{CARD}",
    f"note\n{CARD}\n",
    f"\t{CARD}",
    f"Visa,{CARD},12/28,123",
    f"no.{CARD}",
    f"-{CARD}",
    f"{CARD} 123",
    f"23 {CARD}",
    f"+{CARD}",
    "4242 4242 4242 4242 12/28 123",
    "4242-4242-4242-4242-123",
    "4242  4242  4242  4242",
    "4242 - 4242 - 4242 - 4242",
    "4242.4242.4242.4242",
    "4242/4242/4242/4242",
    "4242\n4242\n4242\n4242",
    "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
    "3782 822463 10005",
    "４２４２４２４２４２４２４２４２",
    "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
    "4242\u00a04242\u00a04242\u00a04242",
    "4242\u200b4242\u200b4242\u200b4242",
    "4242–4242–4242–4242",
    f"卡号{CARD}",
]
NONE = [
    "",
    "4242424242424241",
    "1732111111111116",
    "+4915112345678",
    "9f4242424242424242",
    f"off_0000{CARD}",
    f"0.{CARD}",
    "a1b2c3d4-4242-4242-8242-424242424242",
    "2026-11-20 13-45-00",
    "4242 4242",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_card_number_is_found(text: str) -> None:
    assert is_in(text)
    for whole in ({"a": text}, {"a": [1, {text: None}]}):
        assert may_be_in_json(json.dumps(whole, ensure_ascii=False))


@pytest.mark.parametrize("text", NONE)
def test_other_digits_are_none(text: str) -> None:
    assert not is_in(text)


def test_a_number_in_a_list_is_found() -> None:
    for numbers in ([1, int(CARD)], [int(CARD), 1], [float(CARD)]):
        assert may_be_in_json(json.dumps(numbers))


def test_ids_of_many_digits_are_none() -> None:
    """Every version 4 id whose digits are all decimal is the worst that there is."""
    ids = [str(UUID(int=int(f"{number * 7919:032d}", 16))) for number in range(10**28, 10**28 + 20_000)]
    assert any(one.replace("-", "").isdigit() for one in ids)
    assert not [one for one in ids if is_in(one)]


def test_a_request_id_is_none() -> None:
    """They are logged and audited."""
    assert request_id("trace-4242") == "trace-4242"
    assert request_id(CARD) != CARD


def test_every_number_that_is_spelled_out_is_found_and_no_other() -> None:
    rnd = random.Random(7)
    texts = [_of_digits(rnd) if at % 2 else _of_pieces(rnd) for at in range(20_000)]
    found = [text for text in texts if is_in(text)]
    assert found == [text for text in texts if _is_spelled_out_in(text)]
    assert len(found) > 1_000


def _of_digits(rnd: random.Random) -> str:
    weights = [8] * 10 + [rnd.choice((1, 20)), rnd.choice((1, 10)), 1, 1, 1]
    return "".join(rnd.choices("0123456789 -+a:", weights, k=rnd.randrange(60)))


def _of_pieces(rnd: random.Random) -> str:
    pieces = [*filter(str.isascii, WRITTEN), *NONE, " - ", "\x85", "=", "."]
    return "".join(
        rnd.choice(pieces) if rnd.random() < 0.4 else _of_digits(rnd)[:9] for _ in range(rnd.randrange(1, 5))
    )


def _is_spelled_out_in(text: str) -> bool:
    """Slowly: each row of words by itself."""
    for found in RUN.finditer(text):
        words = re.split(r"-*\s[\s-]*", found.group())
        shortest = LONGEST_TELEPHONE + 1 if text[found.start() - 1 : found.start()] == "+" else SHORTEST
        rows = [row for first in range(len(words)) for row in accumulate(words[first:])]
        rows = [row for row in (row.replace("-", "") for row in rows) if shortest <= len(row) <= LONGEST]
        groups = [word.split("-") for word in words]
        for wanted in GROUPS_OF_CARDS:
            rows += ["".join(some[: len(wanted)]) for some in groups if tuple(map(len, some))[: len(wanted)] == wanted]
        if any(ISSUERS.match(row) and passes_luhn(row) for row in rows):
            return True
    pointed = [re.sub(r"[./_]", "", found.group()) for found in POINTED.finditer(text)]
    return any(ISSUERS.match(row) and passes_luhn(row) for row in pointed)


@pytest.mark.parametrize("text", ["4 0 0 1 " * 2_000, "1 " * 8_000, "4-0 0-1 " * 2_000, "4000000000000007," * 1_000])
def test_a_look_is_short_for_the_worst_texts(text: str) -> None:
    """By the calls that it makes. The sums are two for each digit; one look at every row of words made a dozen."""
    assert not is_in(text)
    assert _calls_of(text) < 6 * len(text)


def _calls_of(text: str) -> int:
    calls = 0

    def count(_frame: Any, event: str, _of: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        is_in(text)
    finally:
        sys.setprofile(before)
    return calls


DECODED = [
    (f"?n={CARD}", f"?n%3D{CARD}"),
    (f"?a=b&n={CARD}", f"%3Fa%3Db%26n%3D{CARD}"),
    (f"n=+{CARD}", f"n=%2B{CARD}"),
    (f"/{CARD}", "/%34242424242424242"),
    (f"x:{CARD}", f"x:4242%34{CARD[5:]}"),
    ("card:4242 4242 4242 4242", "card%3A4242%204242%204242%204242"),
    ("card:4242-4242-4242-4242", "card%3A4242-4242-4242-4242"),
    ("card:3782 822463 10005", "card%3A3782%20822463%2010005"),
    ("card:4242.4242.4242.4242", "card%3A4242.4242.4242.4242"),
]
IDS_DECODED = [
    (f"offer:{CARD}", f"offer%3A{CARD}"),
    (f"offer:{CARD}", f"offer%253A{CARD}"),
    (f"tok/{CARD}/x", f"tok%2F{CARD}%2Fx"),
    (f"a&#{CARD}", f"a%26%23{CARD}"),
    (f"[{CARD}]", f"%5B{CARD}%5D"),
    ("?tel=+4915112345678", "?tel=%2B4915112345678"),
]


@pytest.mark.parametrize(("text", "encoded"), DECODED)
def test_a_card_number_is_found_in_what_was_decoded(text: str, encoded: str) -> None:
    assert is_in_decoded(text, encoded)


@pytest.mark.parametrize(("text", "encoded"), IDS_DECODED)
def test_an_id_behind_a_separator_that_was_encoded_is_none(text: str, encoded: str) -> None:
    assert not is_in_decoded(text, encoded)
