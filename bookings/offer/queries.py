"""Reads of offers, and who may see them."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from bookings.catalogue import modes
from bookings.offer import presentation, requirements
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.schemas import OfferStatus, OfferView, ReadOffer, WarningView
from movmo.kit.errors import DomainError, NotFound
from movmo.operations.context import Caller, Context


def visible(caller: Caller, *, provider: str | None, offer_id: UUID) -> Offer:
    """The offer, if it is the traveler's, or was made with the caller's key. Raises ProviderNotForKey or NotFound.

    Without a provider, as when an offer is read by its URI, its id alone names it; what the call does not reach is
    not found.

    A traveler who calls through a partner sees that partner's offers only while no traveler has taken them.
    """
    of_provider = Q()
    if provider is not None:
        modes.check(caller, provider)
        of_provider = Q(provider=provider)
    mine = Q(user_id=caller.user_id) if caller.user_id else Q(pk__in=[])
    made_here = Q(pk__in=[])
    if caller.partner_id:
        made_here = Q(partner_id=caller.partner_id)
        if caller.user_id:
            made_here &= Q(user_id=None)
    offer = Offer.objects.filter(mine | made_here, modes.reached_by(caller), of_provider, pk=offer_id).first()
    if offer is None:
        raise NotFound("offer")
    return offer


def slots_of(offer: Offer) -> list[OfferSlot]:
    """In the provider's order, with the people mapped to them."""
    return list(OfferSlot.objects.filter(offer=offer).select_related("passenger").order_by("position"))


def status(offer: Offer, *, now: datetime) -> OfferStatus:
    """`active` until the offer is booked, refused by its provider, or its time is over."""
    if offer.status == OfferStatus.ACTIVE and offer.expires_at <= now:
        return OfferStatus.EXPIRED
    return OfferStatus(offer.status)


def details(ctx: Context, request: ReadOffer) -> OfferView:
    offer = visible(ctx.caller, provider=request.provider, offer_id=request.offer_id)
    return view(offer, status=status(offer, now=ctx.now))


def view(offer: Offer, *, status: OfferStatus) -> OfferView:
    """The offer with the people on it, and what the traveler should know about them."""
    slots = slots_of(offer)
    warnings = _warnings(offer, slots) if offer.content.identity_documents.required else []
    return presentation.offer_view(offer, slots, status=status, warnings=warnings)


def _warnings(offer: Offer, slots: list[OfferSlot]) -> list[WarningView]:
    return [warning for slot in slots if (warning := _warning(offer, slot))]


def _warning(offer: Offer, slot: OfferSlot) -> WarningView | None:
    """What is not wrong and may still go wrong; what is wrong is refused when the passenger is put on."""
    if slot.passenger is None:
        return None
    try:
        chosen = requirements.document_for(slot.passenger, offer.content, provider=offer.provider)
    except DomainError as refusal:
        return WarningView(code=refusal.code, message=refusal.text, slot_id=slot.id)
    if not chosen.ends_soon or chosen.document is None:
        return None
    text = (
        f"The document ends on {chosen.document.expiry}, less than six months after the trip: some countries refuse it."
    )
    return WarningView(code="document_ends_soon", message=text, slot_id=slot.id)
