"""Amounts, days, times and codes as the active language writes them. Pure but for that language.

Times are those of each airport: a view's moment (`{"local": …}`) or a time without a zone. Nothing is converted.
"""

from collections.abc import Mapping
from copy import copy
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from re import sub
from typing import Any

from babel import Locale
from babel.dates import format_skeleton
from django.utils.translation import get_language, gettext, ngettext, pgettext

from checkout_widget import airlines
from movmo.kit.money import Money

REGION = {"en": "en_GB"}  # a day before its month, and dollars of one country told from those of another
NO_BREAK = "\N{NO-BREAK SPACE}"
SOFT_HYPHEN = "\N{SOFT HYPHEN}"
BRANDS = {
    "american_express": "American Express",
    "diners_club": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


@lru_cache(maxsize=16)
def _locale(language: str) -> Locale:
    return Locale.parse(REGION.get(language, language), sep="_")


def _here() -> Locale:
    return _locale(get_language() or "en")


def money(amount: Money | Mapping[str, str] | None) -> str:
    """With exactly the decimals that the amount has: ISO 4217's, which are not always those of the locale's data."""
    if not amount:
        return ""
    number, currency = (
        (amount.amount, amount.currency) if isinstance(amount, Money) else (amount["amount"], amount["currency"])
    )
    here = _here()
    pattern = copy(here.currency_formats["standard"])
    decimals = len(number.partition(".")[2])
    pattern.frac_prec = (decimals, decimals)
    written: str = pattern.apply(Decimal(number), here, currency=currency, currency_digits=False)
    return sub(r"(?<=[^\W\d_])(?=\d)", NO_BREAK, written)  # “CHF99.00” reads as one word


def day(moment: Any) -> str:
    return format_skeleton("yMMMEd", _day(moment), locale=_here())


def plain_day(moment: Any) -> str:
    """Without its weekday: a birthday, the end of a document."""
    return format_skeleton("yMMMd", _day(moment), locale=_here())


def clock_time(moment: Any) -> str:
    """By 24 hours, like every ticket and every board."""
    return f"{_local(moment):%H:%M}"


def moment(at: Any) -> str:
    """For machines."""
    return _local(at).isoformat(timespec="minutes")


def duration(minutes: int | None) -> str:
    if minutes is None:
        return ""
    hours, rest = divmod(int(minutes), 60)
    told = []
    if hours:
        told.append(pgettext("duration", "%(hours)d h") % {"hours": hours})
    if rest or not hours:
        told.append(pgettext("duration", "%(minutes)d min") % {"minutes": rest})
    return " ".join(told).replace(" ", NO_BREAK)


def day_offset(arriving: Any, departing: Any) -> str:
    days = _days_between(departing, arriving)
    return "" if not days else f"+{days}" if days > 0 else f"\N{MINUS SIGN}{-days}"


def days_later(arriving: Any, departing: Any) -> str:
    """Across the date line one may arrive on the day before."""
    days = _days_between(departing, arriving)
    if days < 0:
        return ngettext("%(days)d day earlier", "%(days)d days earlier", -days) % {"days": -days}
    return ngettext("%(days)d day later", "%(days)d days later", days) % {"days": days} if days else ""


def city(place: Mapping[str, Any], moment: Mapping[str, Any]) -> str:
    """Of an airport, with a moment there. Unicode's data name the cities that time zones are called after, and those of
    other airports stay as the offer has them."""
    name = str(place["city_name"] or place["name"])
    zone = str(moment["zone"])
    if name != _city_of(_locale("en"), zone):
        return name
    return _city_of(_here(), zone, otherwise=name)


def _city_of(locale: Locale, zone: str, *, otherwise: str = "") -> str:
    plain = otherwise or zone.rpartition("/")[2].replace("_", " ")
    named: str = locale.time_zones.get(zone, {}).get("city", plain)
    return named.replace(SOFT_HYPHEN, "").partition(" (")[0]


def airline(code: str | None) -> str:
    return airlines.name_of(code) if code else ""


def traveler(passenger_type: Any) -> str:
    """A slot's type, or a passenger's."""
    kinds = {
        "ADT": pgettext("passenger", "Adult"),
        "CHD": pgettext("passenger", "Child"),
        "INF": pgettext("passenger", "Infant"),
        "INS": pgettext("passenger", "Infant with a seat"),
    }
    code = _code(passenger_type)
    return kinds.get(code, code)


def cabin(cabin_class: Any) -> str:
    cabins = {
        "economy": gettext("Economy"),
        "premium_economy": gettext("Premium economy"),
        "business": gettext("Business"),
        "first": gettext("First class"),
    }
    code = _code(cabin_class)
    return cabins.get(code, code)


def card(method: Mapping[str, Any] | None) -> str:
    if not method:
        return ""
    brand = _code(method["brand"])
    return f"{BRANDS.get(brand) or brand.replace('_', ' ').title()} •••• {method['last4']}".replace(" ", NO_BREAK)


def expiry(method: Mapping[str, Any]) -> str:
    """As it is printed on the card."""
    return f"{method['exp_month']:02}/{method['exp_year'] % 100:02}"


def _code(value: Any) -> str:
    return str(getattr(value, "value", value) or "")


def _local(moment: Any) -> datetime:
    at = moment["local"] if isinstance(moment, Mapping) else moment
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def _day(moment: Any) -> date:
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return moment
    return _local(moment).date()


def _days_between(departing: Any, arriving: Any) -> int:
    return (_day(arriving) - _day(departing)).days
