"""Card numbers are found however they are written, and ids are not taken for them."""

import json
from uuid import UUID

import pytest

from movmo.kit.card_digits import is_in, may_be_in_json
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
