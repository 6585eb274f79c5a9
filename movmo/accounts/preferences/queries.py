"""Reads of preferences. No row means the defaults."""

from movmo.accounts.masks import masked
from movmo.accounts.preferences.models import LocalePreferences, TravelPreferences
from movmo.accounts.preferences.schemas import Cabin, LocaleView, Meal, Seat, TravelView
from movmo.operations.context import Context


def locale(ctx: Context) -> LocaleView:
    """The traveler's own, or English, United States, US dollars."""
    row = LocalePreferences.objects.filter(user_id=ctx.traveler_id).first() or LocalePreferences()
    return LocaleView(language=row.language, country=row.country, currency=row.currency)


def travel(ctx: Context) -> TravelView:
    row = TravelPreferences.objects.filter(user_id=ctx.traveler_id).first()
    return view(row) if row else TravelView()


def view(row: TravelPreferences) -> TravelView:
    number = row.known_traveler_number
    return TravelView(
        seat=Seat(row.seat) if row.seat else None,
        meal=Meal(row.meal) if row.meal else None,
        cabin_class=Cabin(row.cabin_class) if row.cabin_class else None,
        loyalty_programmes=row.loyalty_programmes or [],
        known_traveler_number=masked(number) if number else None,
    )
