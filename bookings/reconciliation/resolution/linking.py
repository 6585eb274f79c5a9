"""Linking a line of a statement with a document of ours by hand. The link is kept: later runs go by it."""

from datetime import datetime

from django.db.models import Q

from bookings.booking.document.models import BookingDocument
from bookings.reconciliation.models import LINE_BITS, Discrepancy, LineKind, StatementLine
from bookings.reconciliation.resolution import services
from bookings.reconciliation.resolution.models import HandLink
from bookings.reconciliation.resolution.refusals import LinkImpossible
from bookings.reconciliation.resolution.schemas import By
from movmo.kit.ids import is_id

Kind = BookingDocument.Kind
FITTING: dict[str, tuple[str, ...]] = {
    LineKind.SALE: (Kind.TICKET, Kind.EMD),
    LineKind.REFUND: (Kind.REFUND, Kind.VOID),
    LineKind.VOID: (Kind.VOID, Kind.REFUND),
}
"""Which documents a line may be; memos and fees may be about any."""


def document_of(discrepancy: Discrepancy, named: str) -> BookingDocument:
    """The document of ours of that id or number that the discrepancy's line may be. Raises LinkImpossible."""
    line = StatementLine.objects.filter(pk=discrepancy.line_id).first() if discrepancy.line_id else None
    if line is None:
        raise LinkImpossible(reason="the discrepancy has no line of the statement")
    return _document(named, discrepancy, line)


def linked(discrepancy: Discrepancy, *, document: str, reason: str, by: By, now: datetime) -> Discrepancy:
    """In the transaction that ends it. Raises LinkImpossible."""
    found = document_of(discrepancy, document)
    HandLink.objects.update_or_create(
        line_id=discrepancy.line_id,
        defaults={
            "document_id": found.pk,
            "booking_id": found.booking_id,
            "reason": reason[:200],
            "made_by": by.user_id,
            "made_at": now,
        },
    )
    why = f"Linked with {found.kind} {found.number}: {reason}"
    return services.linked(discrepancy, reason=why, by=by, now=now, booking_id=found.booking_id)


def _document(named: str, discrepancy: Discrepancy, line: StatementLine) -> BookingDocument:
    wanted = Q(pk=named) if is_id(named) else Q(number=named)
    if discrepancy.partner_id:
        wanted &= Q(booking__partner_id=discrepancy.partner_id)
    known = list(BookingDocument.objects.filter(wanted, provider=discrepancy.provider)[:20])
    if not known:
        raise LinkImpossible(reason="there is no such document of this provider")
    fitting = [one for one in known if one.kind in FITTING.get(line.kind, Kind.values)]
    if not fitting:
        raise LinkImpossible(reason=f"the line is a {line.kind}, and the document a {known[0].kind}")
    free = [one for one in fitting if not _is_taken(one, line)]
    if not free:
        raise LinkImpossible(reason="another line of this statement is linked with it")
    return free[0]


def _is_taken(document: BookingDocument, line: StatementLine) -> bool:
    first = line.first_of_statement
    lines = {"line_id__gte": first, "line_id__lt": first + (1 << LINE_BITS), "line__kind__in": list(FITTING)}
    others = HandLink.objects.filter(document_id=document.pk, **lines)
    return line.kind in FITTING and others.exclude(line_id=line.pk).exists()
