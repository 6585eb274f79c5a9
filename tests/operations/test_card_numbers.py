"""Card numbers are found in addresses as whoever decodes them would read them. A first look rules most texts out."""

import json
import random
from typing import Any

import orjson
import pytest

from movmo.operations.card_numbers import CardNumberRefused, may_be_in_json, refuse

CARD = "4242424242424242"
SHOP = "https://shop.example/?c="


def percent(text: str, times: int) -> str:
    """Every character, and then the percent signs again."""
    text = "".join(f"%{ord(one):02x}" for one in text)
    for _ in range(times - 1):
        text = text.replace("%", "%25")
    return text


def is_refused(value: Any) -> bool:
    try:
        refuse(value)
    except CardNumberRefused:
        return True
    return False


@pytest.mark.parametrize(
    "rest",
    [
        "4242+4242+4242+4242",
        "+".join(CARD),
        "42+42+42+42+42+42+42+42",
        "4242++4242++4242++4242",
        "4242+-4242+-4242+-4242",
        "4242+%20+4242+%20+4242+%20+4242",
        "4242%0A+4242%0A+4242%0A+4242",
        "%2B" + CARD,
        "\uff14+\uff12+" * 8 + "1",
        *(percent(CARD, times) for times in (1, 2, 3, 4, 9)),
        *(percent("4242+4242+4242+4242", times) for times in (1, 4)),
    ],
)
def test_one_in_an_address_is_found_however_it_is_encoded(rest: str) -> None:
    assert is_refused({"return_url": f"{SHOP}{rest}"})
    assert may_be_in_json(orjson.dumps({"return_url": f"{SHOP}{rest}"}).decode())


@pytest.mark.parametrize(
    "form", ["offer%3A{}", "https://img.example/x?u=offer%3A{}", "tok%2F{}%2Fx", "a%252F{}", "x{}"]
)
def test_ids_of_many_digits_in_an_address_are_none(form: str) -> None:
    refuse({"id": form.format(CARD)})


@pytest.mark.parametrize("text", ["?tel=+4915112345678", "?tel=+49+15112345678", "?tel=%2B49+15112345678"])
def test_nor_are_telephone_numbers(text: str) -> None:
    refuse(f"https://shop.example/{text}")


@pytest.mark.parametrize("number", [int(CARD), float(CARD), 4.3e18, -4.3e18])
def test_numbers_are_looked_at_as_they_are_written_out(number: float) -> None:
    assert is_refused([number])
    assert may_be_in_json(orjson.dumps([number]).decode())
    assert may_be_in_json(json.dumps([number]))


PIECES = [
    CARD,
    CARD[:15],
    "4242",
    "42",
    "4",
    "2",
    "+",
    "++",
    " ",
    "-",
    "%20",
    "%2B",
    "%34",
    "%2534",
    "%",
    "25",
    "=",
    ":",
]
ODD = [*PIECES, "\n", "\x0b", "\x1d", "\x85", "\u3000", "\uff14", "\\", '"', "a", ".", "/", "_", "378282246310005"]


def test_what_the_first_look_rules_out_holds_none() -> None:
    rnd = random.Random(11)
    outcomes = {(False, False): 0, (True, False): 0, (True, True): 0}
    for _ in range(20_000):
        pieces = rnd.sample(ODD, rnd.randrange(1, 5))
        text = rnd.choice(("", SHOP)) + "".join(rnd.choices(pieces, k=rnd.randrange(1, 24)))
        value = {"u": rnd.choice((text, [text], {text: 1}))}
        outcomes[may_be_in_json(orjson.dumps(value).decode()), is_refused(value)] += 1
    assert min(outcomes.values()) > 500
