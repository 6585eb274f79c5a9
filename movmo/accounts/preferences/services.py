"""Reads and writes of preferences."""

from typing import Any

from movmo.accounts.masks import masked
from movmo.accounts.preferences.models import LocalePreferences, TravelPreferences
from movmo.accounts.preferences.schemas import Cabin, LocaleView, Meal, PutLocale, PutTravel, Seat, TravelView
from movmo.operations.context import Context


def locale(ctx: Context) -> LocaleView:
    """The traveler's own, or English, United States, US dollars."""
    row = LocalePreferences.objects.filter(user_id=ctx.traveler_id).first() or LocalePreferences()
    return LocaleView(language=row.language, country=row.country, currency=row.currency)


def put_locale(ctx: Context, request: PutLocale) -> LocaleView:
    LocalePreferences.objects.update_or_create(user_id=ctx.traveler_id, defaults=request.model_dump())
    return locale(ctx)


def travel(ctx: Context) -> TravelView:
    row = TravelPreferences.objects.filter(user_id=ctx.traveler_id).first()
    return _view(row) if row else TravelView()


def put_travel(ctx: Context, request: PutTravel) -> TravelView:
    TravelPreferences.objects.bulk_create([TravelPreferences(user_id=ctx.traveler_id)], ignore_conflicts=True)
    row = TravelPreferences.objects.get(user_id=ctx.traveler_id)
    for name, value in _columns(request).items():
        setattr(row, name, value)
    row.save()
    return _view(row)


def _columns(request: PutTravel) -> dict[str, Any]:
    return {
        "seat": request.seat or "",
        "meal": request.meal or "",
        "cabin_class": request.cabin_class or "",
        "loyalty_programmes": [programme.model_dump() for programme in request.loyalty_programmes],
        "known_traveler_number": request.known_traveler_number,
    }


def _view(row: TravelPreferences) -> TravelView:
    number = row.known_traveler_number
    return TravelView(
        seat=Seat(row.seat) if row.seat else None,
        meal=Meal(row.meal) if row.meal else None,
        cabin_class=Cabin(row.cabin_class) if row.cabin_class else None,
        loyalty_programmes=row.loyalty_programmes or [],
        known_traveler_number=masked(number) if number else None,
    )
