"""Reads of preferences. No row means the defaults."""

from typing import Any
from uuid import UUID

from movmo.accounts.masks import masked
from movmo.accounts.preferences.models import LocalePreferences, TravelPreferences
from movmo.accounts.preferences.schemas import Cabin, LocaleView, Meal, PreferencesView, Seat, TravelView
from movmo.operations.context import Context


def locale(ctx: Context) -> LocaleView:
    """The traveler's own, or English, United States, US dollars."""
    return _locale_of(ctx.traveler_id)


def travel(ctx: Context) -> TravelView:
    row = TravelPreferences.objects.filter(user_id=ctx.traveler_id).first()
    return view(row) if row else TravelView()


def in_short(user_id: UUID) -> PreferencesView:
    """Nothing is decrypted for it."""
    row = TravelPreferences.objects.filter(user_id=user_id).first() or TravelPreferences()
    return PreferencesView(**_locale_of(user_id).model_dump(), **_wishes(row))


def _locale_of(user_id: UUID) -> LocaleView:
    row = LocalePreferences.objects.filter(user_id=user_id).first() or LocalePreferences()
    return LocaleView(language=row.language, country=row.country, currency=row.currency)


def view(row: TravelPreferences) -> TravelView:
    number = row.known_traveler_number
    return TravelView(
        **_wishes(row),
        loyalty_programmes=row.loyalty_programmes or [],
        known_traveler_number=masked(number) if number else None,
    )


def _wishes(row: TravelPreferences) -> dict[str, Any]:
    return {
        "seat": Seat(row.seat) if row.seat else None,
        "meal": Meal(row.meal) if row.meal else None,
        "cabin_class": Cabin(row.cabin_class) if row.cabin_class else None,
    }
