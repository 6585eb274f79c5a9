"""Writes of offers: take in a provider's own, and put people on its slots."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from bookings.catalogue import modes
from bookings.offer import party, presentation, queries, requirements
from bookings.offer.ancillaries import ChosenService
from bookings.offer.models import Offer, OfferSlot
from bookings.offer.schemas import CreateOffer, OfferStatus, OfferView, UpdatePassenger
from bookings.passenger import queries as passengers
from bookings.providers.errors import OfferUnrecognized
from bookings.providers.types import Capabilities, NormalisedOffer, ParsedOffer, PassengerType
from movmo.kit.errors import DomainError, Kind, NotFound
from movmo.kit.ids import new_id
from movmo.kit.money import amount_at
from movmo.operations.context import Caller, Context

POLICY_LIFE = timedelta(minutes=10)
READING = (
    "provider_offer_id",
    "expires_at",
    "expiry_source",
    "total_minor",
    "currency",
    "normalised",
    "raw",
    "raw_sha256",
)
CHOSEN = ("services", "services_minor")


class OfferShapeUnknown(DomainError):
    kind = Kind.INVALID
    code = "offer_unrecognized"
    message = "This is not an offer of {provider}: {problem} at {pointer}."
    hint = "Send the offer exactly as the provider's search returned it, whole and unchanged, to the right provider."

    @property
    def fields(self) -> dict[str, str]:
        return {self.facts["pointer"]: self.facts["problem"]}


class OfferStale(DomainError):
    kind = Kind.CONFLICT
    code = "offer_stale"
    message = "This offer can no longer be booked: {reason}."
    hint = "Search again with search_flights, and book a fresh offer."


class SoldOut(DomainError):
    kind = Kind.CONFLICT
    code = "sold_out"
    message = "The last seats of this offer have been sold."
    hint = "Nothing was booked and no money moved. Search again with search_flights, and book another offer."


class NotBookable(DomainError):
    kind = Kind.RULE
    code = "not_supported_by_provider"
    message = "{provider} does not support {what}."
    hint = "See get_provider_capabilities, or use another provider."


class PassengerAlreadyMapped(DomainError):
    kind = Kind.RULE
    code = "passenger_already_mapped"
    message = "This passenger is already on another slot of the offer."
    hint = "Map each slot to a different passenger."


def submit(ctx: Context, request: CreateOffer) -> OfferView:
    """Parse a raw offer and keep it.

    Raises what `modes.provider` raises, OfferShapeUnknown, OfferStale, AmountInvalid or a rule of the party.
    """
    provider = modes.provider(ctx.caller, request.provider)
    try:
        with amount_at("/offer"):
            parsed = provider.parse_offer(request.offer)
    except OfferUnrecognized as failure:
        pointer = "/offer" + failure.pointer
        raise OfferShapeUnknown(provider=request.provider, pointer=pointer, problem=failure.problem) from None
    check_composition(parsed.normalised, provider.capabilities)
    offer = new_offer(ctx.caller, request.provider, parsed, offer_id=ctx.resource_id, now=ctx.now)
    if parsed.normalised.segments[0].departing.utc <= ctx.now:
        raise stale(offer, "its first flight has left")
    if offer.expires_at <= ctx.now:
        raise stale(offer, "it has expired")
    offer.is_taken = True
    offer.save(force_insert=True)
    slots = OfferSlot.objects.bulk_create(new_slots(offer, parsed.normalised))
    return presentation.offer_view(offer, slots, status=OfferStatus.ACTIVE)


def check_composition(content: NormalisedOffer, capabilities: Capabilities) -> None:
    party.check_composition([slot.type for slot in content.passengers], capabilities)
    if any(len(part.segments) - 1 > capabilities.max_connections for part in content.slices):
        raise NotBookable(provider=capabilities.provider, what=f"more than {capabilities.max_connections} connections")


def new_offer(caller: Caller, provider: str, parsed: ParsedOffer, *, offer_id: UUID, now: datetime) -> Offer:
    """An unsaved row."""
    offer = Offer(id=offer_id, provider=provider, user_id=caller.user_id, partner_id=caller.partner_id, created_at=now)
    take_reading(offer, parsed, now=now)
    return offer


def take_reading(offer: Offer, parsed: ParsedOffer, *, now: datetime) -> None:
    """Put what the provider said into the columns of READING; nothing is saved."""
    content = parsed.normalised
    offer.provider_offer_id = content.provider_offer_id
    leaves = content.segments[0].departing.utc
    # Nobody books a flight that has left, whatever its provider says of the offer.
    offer.expires_at = min(content.expires_at or now + POLICY_LIFE, leaves)
    is_told = content.expires_at is not None and content.expires_at <= leaves
    offer.expiry_source = Offer.ExpirySource.PROVIDER if is_told else Offer.ExpirySource.POLICY
    offer.total_minor, offer.currency = content.total_minor, content.currency
    offer.normalised = content.model_dump(mode="json")
    offer.raw = orjson.dumps(parsed.raw)
    offer.raw_sha256 = hashlib.sha256(offer.raw).hexdigest()


def put_services(offer: Offer, chosen: Sequence[ChosenService]) -> None:
    """Put the choice into the columns of CHOSEN; nothing is saved."""
    offer.services = [one.model_dump(mode="json") for one in chosen]
    offer.services_minor = sum(one.total_minor for one in chosen)


def new_slots(offer: Offer, content: NormalisedOffer) -> list[OfferSlot]:
    """Unsaved rows, each lap infant with an adult of its own where the provider did not say which."""
    taken = {slot.associated_adult for slot in content.passengers}
    free = iter(
        slot.provider_passenger_id
        for slot in content.passengers
        if slot.type is PassengerType.ADULT and slot.provider_passenger_id not in taken
    )
    return [
        OfferSlot(
            id=new_id(),
            offer=offer,
            position=position,
            provider_passenger_id=slot.provider_passenger_id,
            type=slot.type,
            associated_adult=slot.associated_adult or (next(free, None) if slot.type is PassengerType.INFANT else None),
        )
        for position, slot in enumerate(content.passengers)
    ]


def raw_of(offer: Offer) -> ParsedOffer:
    """The provider's own text again, with its normalised form."""
    return ParsedOffer(raw=orjson.loads(offer.raw), normalised=offer.content)


def map_passenger(ctx: Context, request: UpdatePassenger) -> OfferView:
    """Put a saved passenger on a slot; the first mapping makes an unclaimed offer the traveler's own.

    Whatever a booking of this person would be refused for is said here already.
    """
    offer = queries.visible(ctx.caller, provider=request.provider, offer_id=request.offer_id)
    check_active(offer, now=ctx.now)
    _claim(offer, ctx.traveler_id)
    passenger = passengers.saved(user_id=ctx.traveler_id, passenger_id=request.passenger_id)
    slot = OfferSlot.objects.filter(offer=offer, pk=request.slot_id).first()
    if slot is None:
        raise NotFound("slot")
    content = offer.content
    party.check_age(PassengerType(slot.type), passenger.birth_date, content)
    requirements.check_gender(passenger, modes.provider(ctx.caller, offer.provider).capabilities)
    requirements.document_for(passenger, content, provider=offer.provider)
    try:
        with transaction.atomic():
            OfferSlot.objects.filter(pk=slot.pk).update(passenger=passenger)
    except IntegrityError:
        raise PassengerAlreadyMapped from None
    return queries.view(offer, status=OfferStatus.ACTIVE)


def check_active(offer: Offer, *, now: datetime) -> None:
    """Raises OfferStale."""
    if (current := queries.status(offer, now=now)) is not OfferStatus.ACTIVE:
        raise stale(offer, f"it is {current}")


def _claim(offer: Offer, user_id: UUID) -> None:
    """Make the offer the traveler's own, and hold its row: a booking of it waits for this mapping, or came first.

    Of two travelers who map to an unclaimed offer at once, one wins; for the other it does not exist.
    """
    open_to_me = Offer.objects.filter(Q(user=None) | Q(user_id=user_id), pk=offer.pk)
    if open_to_me.filter(status=OfferStatus.ACTIVE).update(user_id=user_id, is_taken=True):
        return
    if open_to_me.exists():
        raise stale(offer, "it has been booked already")
    raise NotFound("offer")


def change(offer: Offer, *, by: UUID | None, **columns: Any) -> None:
    """Make the next version of an active offer, and hold its row; the rest is saved in the same transaction.

    `by` is the traveler whose offer it is, or may become. Of two changes, or of a change and a booking, the second
    raises OfferStale.
    """
    mine = Offer.objects.filter(Q(user=None) | Q(user_id=by), pk=offer.pk, version=offer.version)
    still = mine.filter(status=OfferStatus.ACTIVE, expiry_told_at=None)
    if not still.update(version=F("version") + 1, **columns):
        raise stale(offer, "it has been booked or changed meanwhile")
    offer.version += 1
    for name, value in columns.items():
        setattr(offer, name, value)


def consume(offer: Offer, *, user_id: UUID) -> None:
    """Mark the traveler's offer as booked, and hold its row. Of two bookings of one offer the second raises OfferStale,
    and so does one whose offer was read anew meanwhile.

    Whoever reads the offer's slots afterwards reads what will be booked: no mapping comes between.
    """
    mine = Offer.objects.filter(pk=offer.pk, user_id=user_id, version=offer.version, expiry_told_at=None)
    if not mine.filter(status=OfferStatus.ACTIVE).update(status=OfferStatus.CONSUMED):
        raise stale(offer, "it has been booked or changed meanwhile")


def release(offer_id: UUID, *, still_valid: bool) -> None:
    """After a booking that certainly failed: the offer may be booked again, or its provider will not sell it."""
    after = OfferStatus.ACTIVE if still_valid else OfferStatus.REFUSED
    Offer.objects.filter(pk=offer_id, status=OfferStatus.CONSUMED).update(status=after)


def stale(offer: Offer, reason: str) -> OfferStale:
    return OfferStale(reason=reason, expires_at=offer.expires_at.isoformat())
