"""What the airline reads of its orders."""

from datetime import UTC, date, datetime, time, timedelta

from bookings.providers.types import OrderStatus, ProviderOrder, TravelDocument
from bookings.sandbox_airline.announcements import announced, slices_of
from bookings.sandbox_airline.models import SandboxCancellationQuote, SandboxOrder, SandboxTicket, key_of


def order_by_reference(client_reference: str) -> SandboxOrder | None:
    return SandboxOrder.objects.filter(client_reference=client_reference).prefetch_related("tickets").first()


def order_by_id(order_id: str) -> SandboxOrder | None:
    key = key_of(order_id, kind="ord")
    return SandboxOrder.objects.filter(pk=key).prefetch_related("tickets").first() if key else None


def span(day: date) -> tuple[datetime, datetime]:
    """A UTC day, its end excluded."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def placed_on(day: date) -> list[SandboxOrder]:
    start, end = span(day)
    placed = SandboxOrder.objects.filter(created_at__gte=start, created_at__lt=end)
    return list(placed.prefetch_related("tickets").order_by("id"))


def open_quote(order: SandboxOrder, reference: str, *, now: datetime) -> SandboxCancellationQuote | None:
    key = key_of(reference, kind="ccq")
    return order.cancellation_quotes.filter(pk=key, expires_at__gt=now).first() if key else None


def is_sold(offer_id: str) -> bool:
    """Whether one of the airline's own offers has an order, whatever became of it."""
    return SandboxOrder.objects.filter(offer_id=offer_id).exists()


def as_provider_order(order: SandboxOrder, *, now: datetime) -> ProviderOrder:
    """An order that `life` has brought up to date."""
    coupons = _coupons(order, now)
    issued = [ticket for ticket in order.tickets.all() if is_issued(ticket, order, by=now)]
    return ProviderOrder(
        order_id=order.order_id,
        client_reference=order.client_reference,
        status=OrderStatus(order.status),
        record_locators=tuple(order.record_locators),
        total=order.total,
        documents=tuple(
            TravelDocument("electronic_ticket", ticket.number, ticket.provider_passenger_id, coupons)
            for ticket in sorted(issued, key=lambda ticket: ticket.serial)
        ),
        payment_required_by=order.payment_required_by,
        price_guarantee_expires_at=order.price_guarantee_expires_at,
        schedule_change=announced(order, now=now),
        refund=order.refund,
    )


def is_issued(ticket: SandboxTicket, order: SandboxOrder, *, by: datetime) -> bool:
    """A ticket that was still to come when its order was cancelled never came."""
    return ticket.issued_at <= min(by, order.cancelled_at or by)


def _coupons(order: SandboxOrder, now: datetime) -> tuple[str, ...]:
    segments = [segment for part in slices_of(order) for segment in part.segments]
    if order.status == OrderStatus.CANCELLED:
        return ("refunded" if order.refund_minor else "void",) * len(segments)
    return tuple("flown" if segment.departing.utc <= now else "open" for segment in segments)
