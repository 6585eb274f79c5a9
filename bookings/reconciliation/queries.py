"""Reads of statements, runs and discrepancies. A partner's scope is its own statements; None is staff's: everything."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from bookings.reconciliation.lock.models import PeriodLock
from bookings.reconciliation.models import (
    LINE_BITS,
    ColumnMapping,
    Discrepancy,
    DiscrepancyChange,
    Rules,
    Run,
    Statement,
    StatementLine,
)
from bookings.reconciliation.states import NOT_ACCEPTED, STANDING, StatementState


def statements(partner_id: UUID | None = None, **like: Any) -> QuerySet[Statement]:
    """Newest first. `like` are values of columns, such as provider, state, stream."""
    rows = Statement.objects.filter(**like)
    return (rows.filter(partner_id=partner_id) if partner_id else rows).order_by("-id")


def unaccepted_by_state(rows: QuerySet[Statement]) -> dict[str, int]:
    """How many of them are not accepted yet, by state."""
    counted = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    return {state.value: counted.get(state, 0) for state in NOT_ACCEPTED}


def unaccepted(*, since: datetime) -> QuerySet[Statement]:
    """Of partners, those that have waited for their word since then or longer. Staff's wait for as long as they do."""
    waiting = Statement.objects.filter(state=StatementState.STAGED, partner__isnull=False)
    return waiting.filter(updated_at__lte=since).order_by("id")


def runs(partner_id: UUID | None = None, **like: Any) -> QuerySet[Run]:
    """Newest first."""
    rows = Run.objects.filter(**like)
    return (rows.filter(statement__partner_id=partner_id) if partner_id else rows).order_by("-id")


def discrepancies(partner_id: UUID | None = None, *, standing: bool = False, **like: Any) -> QuerySet[Discrepancy]:
    """Newest first. `standing`: only those that somebody still has to do something about."""
    rows = Discrepancy.objects.filter(**like)
    if standing:
        rows = rows.filter(state__in=[state.value for state in STANDING])
    return (rows.filter(partner_id=partner_id) if partner_id else rows).order_by("-id")


def lines(statement: Statement, *, outcome: str = "") -> QuerySet[StatementLine]:
    """In the order of the file, by the range of their ids. `outcome`: "matched", or a class."""
    first = statement.first_line_id
    rows = StatementLine.objects.filter(id__gte=first, id__lt=first + (1 << LINE_BITS))
    return (rows.filter(outcome=outcome) if outcome else rows).order_by("id")


def changes(run: Run) -> QuerySet[DiscrepancyChange]:
    """What a run found otherwise than the one before it."""
    return run.changes.select_related("discrepancy").order_by("id")


def mappings(partner_id: UUID | None) -> QuerySet[ColumnMapping]:
    """Those that a statement of this scope may be read with: its own, and the house's. Newest first."""
    return ColumnMapping.objects.filter(Q(partner_id=None) | Q(partner_id=partner_id)).order_by("-id")


def locks(provider: str, partner_id: UUID | None) -> list[PeriodLock]:
    """Those in force for a statement of this scope."""
    whose = Q(partner_id=None) | Q(partner_id=partner_id)
    return list(PeriodLock.objects.filter(whose, provider=provider, unlocked_at=None).order_by("starts_on"))


def rules_in_force() -> Rules | None:
    """None before anybody has made any: nothing is tolerated."""
    return Rules.objects.order_by("-version").first()
