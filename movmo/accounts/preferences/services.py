"""Writes of preferences: what is put replaces all that was there."""

from typing import Any

from movmo.accounts.masks import MASK, masked
from movmo.accounts.preferences import queries
from movmo.accounts.preferences.models import LocalePreferences, TravelPreferences
from movmo.accounts.preferences.schemas import LocaleView, PutLocale, PutTravel, TravelView
from movmo.kit.errors import InvalidArguments
from movmo.operations.context import Context


def put_locale(ctx: Context, request: PutLocale) -> LocaleView:
    LocalePreferences.objects.update_or_create(user_id=ctx.traveler_id, defaults=request.model_dump())
    return queries.locale(ctx)


def put_travel(ctx: Context, request: PutTravel) -> TravelView:
    TravelPreferences.objects.bulk_create([TravelPreferences(user_id=ctx.traveler_id)], ignore_conflicts=True)
    row = TravelPreferences.objects.get(user_id=ctx.traveler_id)
    kept = row.known_traveler_number
    for name, value in _columns(request).items():
        setattr(row, name, value)
    row.known_traveler_number = _number(request.known_traveler_number, kept=kept)
    row.save()
    return queries.view(row)


def _number(sent: str | None, *, kept: str | None) -> str | None:
    """What is read masked may be sent back masked. Raises InvalidArguments for the mask of another number."""
    if sent is None or not sent.startswith(MASK):
        return sent
    if kept is None or masked(kept) != sent:
        raise InvalidArguments({"/known_traveler_number": "This is not the number that is kept: send it in full."})
    return kept


def _columns(request: PutTravel) -> dict[str, Any]:
    return {
        "seat": request.seat or "",
        "meal": request.meal or "",
        "cabin_class": request.cabin_class or "",
        "loyalty_programmes": [programme.model_dump() for programme in request.loyalty_programmes],
    }
