"""Money: integer minor units plus an ISO 4217 code inside, decimal strings outside.

Never a float. `Money(41230, "EUR")` is €412.30; yen have no decimals, Bahraini dinars three.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache

from iso4217 import Currency

from movmo.kit.errors import DomainError, Kind

LARGEST_MINOR = 10**15


class AmountInvalid(DomainError):
    kind = Kind.RULE
    code = "amount_precision"
    message = "The amount {amount} is not a valid {currency} amount: {reason}."
    hint = "Send a decimal string with at most the currency's ISO 4217 number of decimals, for example 412.30 for EUR."


class CurrencyMismatch(DomainError):
    kind = Kind.RULE
    code = "currency_mismatch"
    message = "Amounts in {left} and {right} cannot be combined."
    hint = "Use one currency for all amounts of a request."


@cache
def exponent(currency: str) -> int:
    """Number of decimals of an ISO 4217 currency. Raises AmountInvalid for an unknown code."""
    try:
        decimals = Currency(currency).exponent
    except ValueError:
        decimals = None
    if decimals is None:
        raise AmountInvalid(amount="", currency=currency, reason="the currency is not in ISO 4217")
    return int(decimals)


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str, currency: str) -> "Money":
        """Read a decimal string ("118.7", "412.30"). Raises AmountInvalid.

        Fewer decimals than the currency has are padded (airlines send "118.7"); more are refused.
        """
        decimals = exponent(currency)
        try:
            value = Decimal(amount)
        except (InvalidOperation, TypeError, ValueError):
            raise AmountInvalid(amount=str(amount)[:40], currency=currency, reason="it is not a decimal") from None
        if not value.is_finite() or abs(value) > LARGEST_MINOR:
            raise AmountInvalid(amount=str(amount)[:40], currency=currency, reason="it is out of range")
        minor = value.scaleb(decimals)
        if minor != minor.to_integral_value():
            raise AmountInvalid(amount=str(amount)[:40], currency=currency, reason=f"at most {decimals} decimals")
        return cls(int(minor), currency)

    @property
    def amount(self) -> str:
        """The decimal string with exactly the currency's decimals."""
        decimals = exponent(self.currency)
        return f"{Decimal(self.minor).scaleb(-decimals):.{decimals}f}"

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return Money(self.minor + other.minor, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
