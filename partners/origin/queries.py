"""Whether a partner has registered an origin."""

from uuid import UUID

from partners.origin.models import CheckoutOrigin


def is_registered(partner_id: UUID, origin: str) -> bool:
    """A partner that was suspended has none."""
    return CheckoutOrigin.objects.filter(partner_id=partner_id, origin=origin, partner__is_active=True).exists()
