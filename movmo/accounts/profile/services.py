"""Writes of the traveler's own profile."""

from movmo.accounts.profile import queries
from movmo.accounts.profile.schemas import ProfileView, ReplaceProfile
from movmo.operations.context import Context


def replace(ctx: Context, request: ReplaceProfile) -> ProfileView:
    """Names only: where codes and notices go is changed with proof, by `contact_change`. Raises NotFound."""
    traveler = queries.traveler(ctx)
    traveler.first_name, traveler.last_name = request.given_name, request.family_name
    traveler.save(update_fields=["first_name", "last_name"])
    return queries.view(traveler)
