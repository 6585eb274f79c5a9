"""Writes of preferences: what is put replaces all that was there."""

from typing import Any

from movmo.accounts.preferences import queries
from movmo.accounts.preferences.models import LocalePreferences, TravelPreferences
from movmo.accounts.preferences.schemas import LocaleView, PutLocale, PutTravel, TravelView
from movmo.operations.context import Context


def put_locale(ctx: Context, request: PutLocale) -> LocaleView:
    LocalePreferences.objects.update_or_create(user_id=ctx.traveler_id, defaults=request.model_dump())
    return queries.locale(ctx)


def put_travel(ctx: Context, request: PutTravel) -> TravelView:
    TravelPreferences.objects.bulk_create([TravelPreferences(user_id=ctx.traveler_id)], ignore_conflicts=True)
    row = TravelPreferences.objects.get(user_id=ctx.traveler_id)
    for name, value in _columns(request).items():
        setattr(row, name, value)
    row.save()
    return queries.view(row)


def _columns(request: PutTravel) -> dict[str, Any]:
    return {
        "seat": request.seat or "",
        "meal": request.meal or "",
        "cabin_class": request.cabin_class or "",
        "loyalty_programmes": [programme.model_dump() for programme in request.loyalty_programmes],
        "known_traveler_number": request.known_traveler_number,
    }
