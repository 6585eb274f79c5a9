"""Writing down what an airline has issued for a booking, in the transaction of the step that learns of it.

What was sold adds up to the booking's total. As long as documents come, each word of the airline's divides the total
anew among those that it names; one that it no longer names was exchanged for another, and keeps its amount. What is
given back is divided among them in proportion. A document whose coupons the airline calls void is told as void, even
if it brings nothing back; of the others, one that brings nothing back has no second row.
"""

from copy import copy
from datetime import UTC, datetime
from typing import Any

from bookings.booking.document.models import GIVEN_BACK, BookingDocument
from bookings.booking.models import Booking
from bookings.booking.ordering import chosen_of
from movmo.kit.money import Money

Kind = BookingDocument.Kind
NEWS = ("documents", "refund_minor", "order_id", "record_locators", "total_minor", "currency")
"""Columns of a booking that its documents follow from."""
FOLLOWS = ("order_id", "record_locator", "amount_minor", "tax_minor", "fee_minor", "currency")
EMD = "miscellaneous"
"""In an airline's word for the type, as in electronic_miscellaneous_document_associated. Anything else is a ticket."""
VOID = "void"
"""The status of a coupon that was taken back as if it had never been sold."""


def note(booking: Booking, changes: dict[str, Any], *, now: datetime) -> None:
    """`booking` is the row before a step, `changes` are the columns that the step changes."""
    news = {name: changes[name] for name in NEWS if name in changes}
    after = copy(booking)
    for name, value in news.items():
        setattr(after, name, value)
    if not news or not after.documents:
        return
    known = list(BookingDocument.objects.filter(booking=booking))
    sold = _sold(after, known, now=now)
    is_told = any(row.kind in GIVEN_BACK for row in known)
    BookingDocument.objects.bulk_create(
        [*sold, *([] if is_told else _given_back(after, sold, now=now))],
        update_conflicts=True,
        unique_fields=["booking", "kind", "number"],
        update_fields=FOLLOWS,
    )


def _sold(booking: Booking, known: list[BookingDocument], *, now: datetime) -> list[BookingDocument]:
    """A row for each document that the airline names, with its part of the total."""
    kinds = {told["number"]: Kind.EMD if EMD in told["type"] else Kind.TICKET for told in booking.documents}
    exchanged = sum(row.amount_minor for row in known if row.kind not in GIVEN_BACK and row.number not in kinds)
    total = max(booking.total_minor - exchanged, 0)
    tickets, emds = (sum(kind is one for kind in kinds.values()) for one in (Kind.TICKET, Kind.EMD))
    extras = (min(_extras(booking), total) if tickets else total) if emds else 0
    tax, fee = (None, None) if exchanged else _tax_and_fee(booking)
    parts = {
        Kind.TICKET: zip(*(_even(minor, tickets, booking) for minor in (total - extras, tax, fee)), strict=True),
        Kind.EMD: zip(*(_even(minor, emds, booking) for minor in (extras, None, None)), strict=True),
    }
    return [_row(booking, kind, number, next(parts[kind]), now=now) for number, kind in kinds.items()]


def _extras(booking: Booking) -> int:
    """The seats and bags, which EMDs stand for."""
    return sum(one.total_minor for one in chosen_of(booking))


def _tax_and_fee(booking: Booking) -> tuple[int | None, int | None]:
    """Of the offer, as long as the booking costs what was offered."""
    content = booking.offer.content
    if booking.total != Money(content.total_minor + _extras(booking), content.currency):
        return None, None
    return content.tax_minor, content.fees_minor


def _even(minor: int | None, among: int, booking: Booking) -> list[int | None]:
    if minor is None:
        return [None] * among
    return [part.minor for part in Money(minor, booking.currency).shared([1] * among)]


def _row(
    booking: Booking, kind: str, number: str, prices: tuple[int | None, int | None, int | None], *, now: datetime
) -> BookingDocument:
    amount, tax, fee = prices
    return BookingDocument(
        booking=booking,
        provider=booking.provider,
        order_id=booking.order_id,
        record_locator=booking.locator,
        kind=kind,
        number=number,
        amount_minor=amount or 0,
        tax_minor=tax,
        fee_minor=fee,
        currency=booking.currency,
        issued_on=now.astimezone(UTC).date(),
        issued_at=now,
    )


def _given_back(booking: Booking, sold: list[BookingDocument], *, now: datetime) -> list[BookingDocument]:
    """Once the airline has said how much it gives back, nothing for one."""
    if booking.refund_minor is None:
        return []
    void = {told["number"] for told in booking.documents if {*told["coupons"]} == {VOID}}
    parts = Money(booking.refund_minor, booking.currency).shared([row.amount_minor for row in sold])
    return [
        _row(booking, Kind.VOID if row.number in void else Kind.REFUND, row.number, (part.minor, None, None), now=now)
        for row, part in zip(sold, parts, strict=True)
        if part.minor or row.number in void
    ]
