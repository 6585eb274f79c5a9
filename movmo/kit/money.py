"""Money: integer minor units plus an ISO 4217 code inside, decimal strings outside.

Never a float. `Money(41230, "EUR")` is €412.30; yen have no decimals, Bahraini dinars three.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from iso4217 import Currency

from movmo.kit.errors import DomainError, Kind

LARGEST_MINOR = 10**15
# Decimal() would also read exponents, underscores, other scripts' digits and NaN, and round what is very long.
PLAIN_DECIMAL = re.compile(r"(-?[0-9]{1,16})(?:\.([0-9]{1,40}))?")


class AmountInvalid(DomainError):
    kind = Kind.RULE
    code = "amount_precision"
    message = "The amount {amount} is not a valid {currency} amount: {reason}."
    hint = "Send a decimal string with at most the currency's ISO 4217 number of decimals, for example 412.30 for EUR."
    pointer = ""

    @property
    def fields(self) -> dict[str, str]:
        return {self.pointer: self.text} if self.pointer else {}


@contextmanager
def amount_at(pointer: str) -> Iterator[None]:
    """Say where an amount that is refused inside stands, as a JSON pointer. Nested ones join, the outer first."""
    try:
        yield
    except AmountInvalid as refusal:
        refusal.pointer = pointer + refusal.pointer
        raise


class CurrencyMismatch(DomainError):
    kind = Kind.RULE
    code = "currency_mismatch"
    message = "Amounts in {left} and {right} cannot be combined."
    hint = "Use one currency for all amounts of a request."


def exponent(currency: str, *, amount: str = "in question") -> int:
    """Number of decimals of an ISO 4217 currency. Raises AmountInvalid, about `amount`, for an unknown code."""
    decimals = _known_exponent(currency)
    if decimals is None:
        raise AmountInvalid(amount=amount, currency=currency, reason="the currency is not in ISO 4217")
    return decimals


@lru_cache(maxsize=256)
def _known_exponent(currency: str) -> int | None:
    try:
        decimals = Currency(currency).exponent
    except ValueError:
        return None
    return None if decimals is None else int(decimals)


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str, currency: str) -> "Money":
        """Read a decimal string ("118.7", "412.30"). Raises AmountInvalid.

        Fewer decimals than the currency has are padded (airlines send "118.7"); more are refused.
        """
        decimals = exponent(currency, amount=str(amount)[:40])
        plain = PLAIN_DECIMAL.fullmatch(amount) if isinstance(amount, str) else None
        if plain is None:
            raise AmountInvalid(amount=str(amount)[:40], currency=currency, reason="it is not a plain decimal")
        whole, fraction = plain[1], (plain[2] or "").rstrip("0")
        if len(fraction) > decimals:
            raise AmountInvalid(amount=amount[:40], currency=currency, reason=f"at most {decimals} decimals")
        minor = int(whole + fraction.ljust(decimals, "0"))
        if abs(minor) > LARGEST_MINOR:
            raise AmountInvalid(amount=amount[:40], currency=currency, reason="it is out of range")
        return cls(minor, currency)

    @property
    def amount(self) -> str:
        """The decimal string with exactly the currency's decimals."""
        decimals = exponent(self.currency)
        return f"{Decimal(self.minor).scaleb(-decimals):.{decimals}f}"

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return Money(self.minor + other.minor, self.currency)

    def shared(self, weights: Sequence[int]) -> "list[Money]":
        """Parts in proportion to the weights that add up exactly, by largest remainder: of equal ones, the first.

        Weights that are all 0 are equal. The amount is not negative.
        """
        if not any(weights):
            weights = [1] * len(weights)
        whole = sum(weights)
        parts = [divmod(self.minor * weight, whole) for weight in weights]
        left = self.minor - sum(part for part, _ in parts)
        largest = set(sorted(range(len(parts)), key=lambda place: -parts[place][1])[:left])
        return [Money(part + (place in largest), self.currency) for place, (part, _) in enumerate(parts)]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
