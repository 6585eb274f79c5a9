"""Reads and writes of the traveler's own profile."""

from movmo.accounts.models import User
from movmo.accounts.profile.schemas import ProfileView, ReplaceProfile
from movmo.kit.errors import NotFound
from movmo.operations.context import Context


def read(ctx: Context) -> ProfileView:
    """Raises NotFound for an account that was deleted meanwhile."""
    return view(_traveler(ctx))


def replace(ctx: Context, request: ReplaceProfile) -> ProfileView:
    """Names only: where codes and notices go is changed with proof, by `contact_change`. Raises NotFound."""
    traveler = _traveler(ctx)
    traveler.first_name, traveler.last_name = request.given_name, request.family_name
    traveler.save(update_fields=["first_name", "last_name"])
    return view(traveler)


def _traveler(ctx: Context) -> User:
    traveler = User.objects.filter(pk=ctx.traveler_id, is_active=True).first()
    if traveler is None:
        raise NotFound("user")
    return traveler


def view(traveler: User) -> ProfileView:
    return ProfileView(
        user_id=traveler.pk,
        email=traveler.email,
        phone_number=traveler.phone_number or None,
        given_name=traveler.first_name,
        family_name=traveler.last_name,
        created_at=traveler.date_joined,
    )
