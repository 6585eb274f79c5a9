"""Reads of the traveler's own profile."""

from movmo.accounts.models import User
from movmo.accounts.preferences import queries as preferences
from movmo.accounts.profile.schemas import ProfileView
from movmo.kit.errors import NotFound
from movmo.operations.context import Context


def read(ctx: Context) -> ProfileView:
    """Raises NotFound for an account that was deleted meanwhile."""
    return view(traveler(ctx))


def traveler(ctx: Context) -> User:
    """Raises NotFound."""
    found = User.objects.filter(pk=ctx.traveler_id, is_active=True).first()
    if found is None:
        raise NotFound("user")
    return found


def view(user: User) -> ProfileView:
    return ProfileView(
        user_id=user.pk,
        email=user.email,
        phone_number=user.phone_number or None,
        given_name=user.first_name,
        family_name=user.last_name,
        preferences=preferences.in_short(user.pk),
        created_at=user.date_joined,
    )
