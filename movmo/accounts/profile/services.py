"""Writes of the traveler's own profile."""

from movmo.accounts.models import User
from movmo.accounts.profile import queries
from movmo.accounts.profile.schemas import ProfileView, ReplaceProfile
from movmo.operations.context import Context


def replace(ctx: Context, request: ReplaceProfile) -> ProfileView:
    """Names only: where codes and notices go is changed with proof, by `contact_change`. Raises NotFound."""
    # In one statement: an account that is being deleted meanwhile gets no name again.
    still_there = User.objects.filter(pk=ctx.traveler_id, is_active=True)
    still_there.update(first_name=request.given_name, last_name=request.family_name)
    return queries.view(queries.traveler(ctx))
