"""Seats and bags that go with an order: whether the airline sells them like this, and for how much."""

from collections import Counter

from django.db import IntegrityError, transaction

from bookings.providers.errors import Refusal, Rejected
from bookings.providers.types import NormalisedOffer, OrderedService, OrderRequest
from bookings.sandbox_airline import seals
from bookings.sandbox_airline.models import SandboxOrder, SandboxSeat
from bookings.sandbox_airline.seats import Leg, Passenger, legs_of
from movmo.kit.money import Money

SEAT = "seat"
NOT_SOLD = "the airline sells no such service with this offer"


def total(order: OrderRequest) -> Money:
    """What the services cost by now. Raises Rejected for what the airline does not sell with the offer."""
    offer = order.offer.normalised
    _refuse_too_many(order.services, offer)
    sum_ = Money(0, offer.currency)
    for service in order.services:
        sum_ += _seat_price(service, offer) if service.type == SEAT else _price(service, offer)
    return sum_


def take_seats(row: SandboxOrder, order: OrderRequest) -> None:
    """In sorted order, so that two orders never wait for each other. Raises Rejected."""
    chosen = [service for service in order.services if service.type == SEAT]
    legs = {leg.segment.provider_segment_id: leg for leg in legs_of(order.offer.normalised)}
    seats = [
        SandboxSeat(
            order=row,
            provider_passenger_id=service.provider_passenger_id,
            designator=service.designator or "",
            **legs[service.provider_segment_ids[0]].flight,
        )
        for service in chosen
    ]
    for seat in sorted(seats, key=str):
        _take(seat)


def _take(seat: SandboxSeat) -> None:
    try:
        with transaction.atomic():
            seat.save(force_insert=True)
    except IntegrityError:
        raise Rejected(Refusal.SEAT_TAKEN, f"seat taken: {seat}") from None


def _refuse_too_many(services: tuple[OrderedService, ...], offer: NormalisedOffer) -> None:
    """One seat for each passenger and flight, and of nothing more than its most."""
    seats = Counter(
        (service.provider_passenger_id, service.provider_segment_ids) for service in services if service.type == SEAT
    )
    most = {service.provider_service_id: service.maximum_quantity for service in offer.services}
    others: Counter[str] = Counter()
    for service in services:
        if service.quantity < 1:
            raise Rejected(Refusal.OTHER, "fewer than one of a service")
        if service.type != SEAT:
            others[service.provider_service_id] += service.quantity
    if any(count > 1 for count in seats.values()) or any(count > most.get(id_, 0) for id_, count in others.items()):
        raise Rejected(Refusal.OTHER, "more of a service than the airline sells")


def _price(service: OrderedService, offer: NormalisedOffer) -> Money:
    offered = next((one for one in offer.services if one.provider_service_id == service.provider_service_id), None)
    is_offered = (
        offered is not None
        and (offered.type, offered.currency) == (service.type, offer.currency)
        and service.provider_passenger_id in offered.provider_passenger_ids
        and set(service.provider_segment_ids) == set(offered.provider_segment_ids)
    )
    if offered is None or not is_offered:
        raise Rejected(Refusal.OTHER, NOT_SOLD)
    return Money(offered.total_minor * service.quantity, offered.currency)


def _seat_price(service: OrderedService, offer: NormalisedOffer) -> Money:
    leg, passenger = _place(service, offer)
    designator = service.designator or ""
    price = leg.price(passenger, designator)
    if price is None or service.quantity != 1:
        raise Rejected(Refusal.OTHER, NOT_SOLD)
    # A seat that is occupied is shown to nobody, so no such id was given out.
    if not seals.is_shown(service.provider_service_id, *leg.shown(passenger, designator, price)):
        raise Rejected(Refusal.OTHER, "the airline has shown no such seat")
    return price


def _place(service: OrderedService, offer: NormalisedOffer) -> tuple[Leg, Passenger]:
    for leg in legs_of(offer):
        for passenger in leg.passengers:
            named = (leg.segment.provider_segment_id,), passenger.id
            if named == (service.provider_segment_ids, service.provider_passenger_id):
                return leg, passenger
    raise Rejected(Refusal.OTHER, NOT_SOLD)
