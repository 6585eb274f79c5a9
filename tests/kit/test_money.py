"""Money is read exactly or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movmo.kit.money import LARGEST_MINOR, AmountInvalid, CurrencyMismatch, Money, exponent

CURRENCIES = {"JPY": 0, "EUR": 2, "BHD": 3}

amounts = st.builds(Money, st.integers(-LARGEST_MINOR, LARGEST_MINOR), st.sampled_from(sorted(CURRENCIES)))


@given(amounts)
def test_an_amount_that_was_written_is_read_as_the_same(money: Money) -> None:
    assert Money.parse(money.amount, money.currency) == money


@given(amounts)
def test_an_amount_has_exactly_the_currency_s_decimals(money: Money) -> None:
    decimals = money.amount.partition(".")[2]
    assert len(decimals) == CURRENCIES[money.currency]


@given(amounts, st.integers(1, 9), st.integers(1, 40))
def test_more_decimals_than_the_currency_has_are_refused(money: Money, digit: int, too_many: int) -> None:
    point = "" if "." in money.amount else "."
    with pytest.raises(AmountInvalid):
        Money.parse(money.amount + point + "0" * too_many + str(digit), money.currency)


@given(st.one_of(st.text(max_size=12), st.text(alphabet="0123456789.-+e_ ", max_size=12)))
def test_any_text_is_read_exactly_or_refused(text: str) -> None:
    try:
        money = Money.parse(text, "EUR")
    except AmountInvalid:
        return
    assert Decimal(money.amount) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "minor"), [("118.7", 11870), ("412.30", 41230), ("7", 700), ("0", 0), ("-5.01", -501), ("412.300", 41230)]
)
def test_airlines_leave_decimals_out_and_pad_with_zeros(text: str, minor: int) -> None:
    assert Money.parse(text, "EUR").minor == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1e2",
        "1E-2",
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1_000",
        "1,000.00",
        " 5",
        "5 ",
        "+5",
        "0x10",
        "٤٢",
        ".",
    ],
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        Money.parse(text, "EUR")


@pytest.mark.parametrize("value", [4.5, 4, True, None, b"4.50"])
def test_what_is_no_string_is_refused(value: object) -> None:
    with pytest.raises(AmountInvalid):
        Money.parse(value, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["9" * 16, "1" + "0" * 16, "9" * 400, "-" + "9" * 30])
def test_a_huge_amount_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(AmountInvalid) as caught:
        Money.parse(text, "EUR")
    assert len(caught.value.facts["amount"]) <= 40


@pytest.mark.parametrize("code", ["", "eur", "EURO", "XYZ", "978", "XAU"])
def test_a_currency_outside_iso_4217_or_without_a_scale_is_refused(code: str) -> None:
    with pytest.raises(AmountInvalid):
        exponent(code)


def test_a_refused_currency_is_told_with_the_amount_in_it() -> None:
    with pytest.raises(AmountInvalid) as caught:
        Money.parse("412.30", "XYZ")
    assert caught.value.text == "The amount 412.30 is not a valid XYZ amount: the currency is not in ISO 4217."


@pytest.mark.parametrize(("code", "decimals"), sorted(CURRENCIES.items()))
def test_decimals_are_those_of_iso_4217(code: str, decimals: int) -> None:
    assert exponent(code) == decimals


def test_amounts_of_one_currency_add_up() -> None:
    assert Money(41230, "EUR") + Money(70, "EUR") == Money(41300, "EUR")


def test_amounts_of_two_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") + Money(1, "USD")


def test_money_reads_as_amount_and_currency() -> None:
    assert str(Money(41230, "EUR")) == "412.30 EUR"
