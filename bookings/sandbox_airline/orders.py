"""Orders as they come in: whether the airline takes one, and how it is written down."""

import secrets
from datetime import datetime
from typing import Any

from django.db.models import F

from bookings.providers.errors import Refusal, Rejected, Unavailable
from bookings.providers.types import OrderRequest, OrderStatus, ParsedOffer
from bookings.sandbox_airline import ancillaries, life, queries, seals, triggers
from bookings.sandbox_airline.fares import HOLD, PRICE_GUARANTEE
from bookings.sandbox_airline.models import SandboxOrder, SandboxThrottle
from bookings.sandbox_airline.offers import is_hold_only, is_price_raised
from bookings.sandbox_airline.outages import reading, writing
from bookings.sandbox_airline.triggers import PONDERS_FOR, REFUSED_CALLS, Trigger
from movmo.kit.money import Money

# No vowels, so that no words come out; neither 0 nor 1, which are read as letters.
LOCATOR_ALPHABET = "BCDFGHJKLMNPQRSTVWXYZ23456789"


def refuse_duplicate(client_reference: str) -> None:
    with reading():
        existing = queries.order_by_reference(client_reference)
    if existing:
        raise Rejected(Refusal.DUPLICATE_REFERENCE, "the reference has an order")


def refuse_sold(offer: ParsedOffer) -> None:
    with reading():
        sold = queries.is_sold(offer.normalised.provider_offer_id)
    if sold:
        raise Rejected(Refusal.OFFER_EXPIRED, "the offer is already ordered")


def refuse_stale(offer: ParsedOffer, *, now: datetime) -> None:
    """An offer that the airline has not made, or not like this, or that has run out. Raises Rejected."""
    normalised = offer.normalised
    if seals.is_own(normalised) and not seals.is_intact(offer):
        raise Rejected(Refusal.OFFER_EXPIRED, "the airline has made no such offer: it was changed, or made by others")
    if normalised.expires_at is not None and normalised.expires_at <= now:
        raise Rejected(Refusal.OFFER_EXPIRED, f"the offer expired at {normalised.expires_at}")
    if normalised.segments[0].departing.utc <= now:
        raise Rejected(Refusal.OFFER_EXPIRED, "the first flight has left")


def throttle(offer: ParsedOffer) -> None:
    """Answers "429, try later" to the first orders of an offer. Raises Unavailable."""
    offer_id = offer.normalised.provider_offer_id
    with writing():
        SandboxThrottle.objects.bulk_create([SandboxThrottle(offer_id=offer_id)], ignore_conflicts=True)
        early = SandboxThrottle.objects.filter(offer_id=offer_id, refused__lt=REFUSED_CALLS)
        is_refused = early.update(refused=F("refused") + 1)
    if is_refused:
        raise Unavailable("429, try later")


def judge(order: OrderRequest, trigger: Trigger | None, *, now: datetime) -> None:
    """Whether the offer still stands and fits the order. Raises Rejected."""
    refuse_stale(order.offer, now=now)
    offer = order.offer.normalised
    slots_offered = sorted((slot.provider_passenger_id, slot.type) for slot in offer.passengers)
    if slots_offered != sorted((person.provider_passenger_id, person.type) for person in order.passengers):
        raise Rejected(Refusal.PASSENGERS_INVALID, "the passengers are not those of the offer")
    if offer.identity_documents.required and any(person.document is None for person in order.passengers):
        raise Rejected(Refusal.PASSENGERS_INVALID, "a passenger has no identity document")
    if order.hold and offer.payment_requirements.requires_instant_payment:
        raise Rejected(Refusal.OTHER, "the offer cannot be held")
    routes = [(part.origin.iata_code, part.destination.iata_code) for part in offer.slices]
    if not order.hold and is_hold_only(offer.owner_carrier, routes):
        raise Rejected(Refusal.HOLD_ONLY, "the offer can only be held")
    total = _total(order, trigger)
    if order.total != total:
        raise Rejected(Refusal.PRICE_CHANGED, f"{order.total} is not the price", new_total=total)
    if not order.hold:
        triggers.fail_payment(trigger)


def insert(order: OrderRequest, trigger: Trigger | None, *, now: datetime) -> SandboxOrder:
    offer = order.offer.normalised
    return SandboxOrder.objects.create(
        client_reference=order.client_reference,
        offer_id=offer.provider_offer_id if seals.is_own(offer) else None,
        offer=offer.model_dump(mode="json"),
        trigger=trigger or "",
        record_locators=[_locator() for _ in range(len(offer.slices) if trigger is Trigger.TWOPNRS else 1)],
        passengers=[
            {
                "provider_passenger_id": person.provider_passenger_id,
                "ticket_name": f"{person.family_name}/{person.given_name}".upper(),
            }
            for person in order.passengers
        ],
        total_minor=order.total.minor,
        currency=order.total.currency,
        created_at=now,
        **_outcome(order, trigger, now),
    )


def issue_tickets(row: SandboxOrder, *, now: datetime) -> None:
    """At once, or for the time when the airline will have thought about it."""
    if row.status == OrderStatus.CONFIRMED:
        life.issue_tickets(row, confirmed_at=now)
    elif row.status == OrderStatus.PENDING and row.trigger == Trigger.DELAYED:
        life.issue_tickets(row, confirmed_at=now + PONDERS_FOR)


def _total(order: OrderRequest, trigger: Trigger | None) -> Money:
    """The offer's total, raised if it is to be and was not yet, and that of the services."""
    offered = order.offer.normalised.total
    if not is_price_raised(order.offer):
        offered = triggers.current_total(offered, trigger)
    return offered + ancillaries.total(order)


def _outcome(order: OrderRequest, trigger: Trigger | None, now: datetime) -> dict[str, Any]:
    if order.hold:
        departing = order.offer.normalised.segments[0].departing.utc  # nobody pays for a flight that has left
        required_by, guaranteed_until = min(now + HOLD, departing), min(now + PRICE_GUARANTEE, departing)
        deadlines = {"payment_required_by": required_by, "price_guarantee_expires_at": guaranteed_until}
        return {"status": OrderStatus.HELD, "due_at": required_by, **deadlines}
    if trigger in (Trigger.DELAYED, Trigger.DELAYFAIL):
        return {"status": OrderStatus.PENDING, "due_at": now + PONDERS_FOR}
    return life.confirmed(trigger or "", at=now)


def _locator() -> str:
    return "".join(secrets.choice(LOCATOR_ALPHABET) for _ in range(6))
