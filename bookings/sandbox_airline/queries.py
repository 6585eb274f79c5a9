"""What the airline reads."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from bookings.providers.types import CabinClass, OrderStatus, ProviderOrder, TravelDocument
from bookings.sandbox_airline.models import SandboxInventory, SandboxOrder, SandboxTicket


class Departure(NamedTuple):
    """One cabin of one flight on one local date: what seats are counted by."""

    carrier: str
    flight_number: str
    origin: str
    departure_date: date
    cabin_class: CabinClass


def seats_left(departures: Iterable[Departure]) -> dict[Departure, int]:
    """Seats left where somebody has ordered before; other departures are absent."""
    wanted = set(departures)
    rows = SandboxInventory.objects.filter(
        flight_number__in={departure.flight_number for departure in wanted},
        departure_date__in={departure.departure_date for departure in wanted},
    )
    counted = {
        Departure(row.carrier, row.flight_number, row.origin, row.departure_date, CabinClass(row.cabin_class)): row
        for row in rows
    }
    return {departure: counted[departure].seats_left for departure in wanted & counted.keys()}


def order_by_reference(client_reference: str) -> ProviderOrder | None:
    row = SandboxOrder.objects.filter(client_reference=client_reference).prefetch_related("tickets").first()
    return as_provider_order(row, row.tickets.all()) if row else None


def is_sold(offer_id: str) -> bool:
    """Whether one of the airline's own offers has an order, whatever became of it."""
    return SandboxOrder.objects.filter(offer_id=offer_id).exists()


def as_provider_order(order: SandboxOrder, tickets: Iterable[SandboxTicket]) -> ProviderOrder:
    return ProviderOrder(
        order_id=order.order_id,
        client_reference=order.client_reference,
        status=OrderStatus(order.status),
        record_locators=(order.record_locator,),
        total=order.total,
        documents=tuple(
            TravelDocument("electronic_ticket", ticket.number, ticket.provider_passenger_id)
            for ticket in sorted(tickets, key=lambda ticket: ticket.serial)
        ),
        payment_required_by=order.payment_required_by,
        price_guarantee_expires_at=order.price_guarantee_expires_at,
    )
