"""What is booked when the provider's value is accepted.

Lines that stand for a booking together (`finding.py`, `tiers.py`) have one value of ours, which stands with the first
of them. However many of them are accepted, and in whatever order: together their adjustments come to what the accepted
ones say, less ours, which is counted once. So they do where one is accepted again, or as something else. And so they
do where another statement of the scope tells of the same: what was accepted last is what the adjustments come to.

A partner's books are its own: what its key accepts is set off against nothing that staff have accepted, and the other
way round. Whose an adjustment is, its discrepancy's partner tells.
"""

from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from bookings.booking.models import Booking
from bookings.reconciliation import ours
from bookings.reconciliation.models import Discrepancy, Statement
from bookings.reconciliation.neighbours import of_the_same_days
from bookings.reconciliation.resolution.models import Adjustment
from bookings.reconciliation.resolution.schemas import By, Resolution
from bookings.reconciliation.states import CaseState, Class
from bookings.reconciliation.tiers import BOTH_SIDES

ACCEPTED = Q(state=CaseState.RESOLVED, resolution=Resolution.ACCEPTED_THEIRS)


def book(discrepancy: Discrepancy, *, reason: str, by: By, now: datetime) -> Adjustment:
    """In the transaction that accepts it, which keeps others away from its statement."""
    return Adjustment.objects.create(
        discrepancy=discrepancy,
        booking_id=discrepancy.booking_id,
        document_id=discrepancy.document_id,
        ours_minor=discrepancy.ours_minor,
        ours_currency=discrepancy.ours_currency,
        theirs_minor=discrepancy.theirs_minor,
        theirs_currency=discrepancy.theirs_currency,
        difference_minor=difference(discrepancy),
        currency=_currency(discrepancy),
        reason=reason[:200],
        made_by=by.user_id,
        made_at=now,
    )


def _currency(discrepancy: Discrepancy) -> str:
    return discrepancy.theirs_currency or discrepancy.currency


def difference(discrepancy: Discrepancy) -> int | None:
    """What accepting it costs us more than is booked; None across currencies, which no subtraction crosses. In the
    transaction that accepts it: whoever accepts another statement's word of the same booking waits for its end.
    """
    if len({discrepancy.ours_currency, discrepancy.theirs_currency} - {""}) > 1:
        return None
    if discrepancy.booking_id:
        Booking.objects.select_for_update(no_key=True).filter(pk=discrepancy.booking_id).values_list("pk").first()
    together = _together(discrepancy)
    of_ours = _sum(together, "ours_minor")
    accepted = _sum(together.filter(ACCEPTED | Q(pk=discrepancy.pk)), "theirs_minor")
    booked = Adjustment.objects.filter(
        Q(discrepancy__in=together) | _of_others(discrepancy), currency=_currency(discrepancy)
    )
    return accepted - of_ours - (booked.aggregate(sum=Sum("difference_minor"))["sum"] or 0)


def _together(discrepancy: Discrepancy) -> QuerySet[Discrepancy]:
    """It, and those that are summed up with it, as the newest run found them."""
    alike = _alike(discrepancy)
    if alike is None:
        return Discrepancy.objects.filter(pk=discrepancy.pk)
    return Discrepancy.objects.filter(alike, statement=discrepancy.statement_id, last_seen=discrepancy.last_seen_id)


def _of_others(discrepancy: Discrepancy) -> Q:
    """Adjustments of what other statements of the scope tell of the same. Of a document, or of an order, each tells the
    whole value, whenever it was sent. Parts and doubles are summed up by statement: only one of the same days tells of
    them again.
    """
    of = discrepancy.statement
    told = Q(ours_currency__gt="", discrepancy__statement__scope=of.scope, discrepancy__statement__stream=of.stream)
    if discrepancy.ours_currency and ours.is_orders(of):
        return told & Q(booking=discrepancy.booking_id)
    if discrepancy.ours_currency and discrepancy.document_id:
        return told & Q(booking=discrepancy.booking_id, document_id=discrepancy.document_id)
    alike = _alike(discrepancy)
    if alike is None:
        return Q(pk__in=[])
    again = Statement.objects.filter(of_the_same_days(of), scope=of.scope, stream=of.stream).exclude(pk=of.pk)
    return Q(discrepancy__in=Discrepancy.objects.filter(alike, statement__in=again))


def _alike(discrepancy: Discrepancy) -> Q | None:
    """Which are summed up with it, if any are: lines of a booking that stand for its documents together, and lines that
    are there twice. Of lines in a currency that is not ours nothing is taken off ours.
    """
    line, category = discrepancy.line, discrepancy.category
    if line is None or discrepancy.booking_id is None:
        return None
    of_it = Q(booking=discrepancy.booking_id, document_id=discrepancy.document_id, line__kind=line.kind)
    of_it &= Q(theirs_currency=discrepancy.theirs_currency)
    if category == Class.DUPLICATE:
        return of_it & Q(category=category)
    if (
        category not in BOTH_SIDES
        or discrepancy.document_id
        or line.ticket_number
        or ours.is_orders(discrepancy.statement)
    ):
        return None
    return of_it & Q(category__in=[one.value for one in BOTH_SIDES], line__ticket_number="")


def _sum(rows: QuerySet[Discrepancy], column: str) -> int:
    return int(rows.aggregate(sum=Sum(column))["sum"] or 0)
