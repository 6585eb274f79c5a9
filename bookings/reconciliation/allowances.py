"""How many of a partner's statements wait at once, and how many lines of theirs come in a day: each line stays.

By mode: what waits of the sandbox is not seen by a live key, which could neither accept nor decline it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from bookings.catalogue import modes
from bookings.reconciliation import queries
from bookings.reconciliation.models import Statement
from bookings.reconciliation.refusals import (
    MOST_WAITING,
    PARTNERS_LINES_A_DAY,
    StatementLinesSpent,
    StatementsWaiting,
)
from bookings.reconciliation.states import NOT_ACCEPTED
from bookings.reconciliation.storing import Stored
from partners.partner.models import Partner

RETRY_AFTER = 60  # seconds: those that are being read, and accepted beforehand, end by themselves
DAY = timedelta(hours=24)


def check(partner_id: UUID, provider: str, lines: int, *, file: Stored, now: datetime) -> None:
    """One after the other for a partner: else many at once would each be the last that fits. The same file again is no
    other one. Raises StatementsWaiting or StatementLinesSpent.
    """
    Partner.objects.select_for_update(no_key=True).filter(pk=partner_id).values_list("pk").first()
    of_the_mode = _of_the_mode(partner_id, provider)
    same = Q(provider=provider, sha256=file.sha256)
    waiting = of_the_mode.filter(state__in=NOT_ACCEPTED)
    counted = queries.unaccepted_by_state(waiting)
    if sum(counted.values()) >= MOST_WAITING and not waiting.filter(same).exists():
        raise StatementsWaiting(limit=MOST_WAITING, **counted, retry_after=RETRY_AFTER)
    of_the_day = of_the_mode.filter(created_at__gt=now - DAY).exclude(same).order_by("created_at")
    used = of_the_day.aggregate(used=Sum("file_lines"))["used"] or 0
    if used + lines > PARTNERS_LINES_A_DAY:
        raise StatementLinesSpent(
            lines=lines, used=used, limit=PARTNERS_LINES_A_DAY, retry_after=_until_there_is_room(of_the_day, now)
        )


def _of_the_mode(partner_id: UUID, provider: str) -> QuerySet[Statement]:
    of_a_sandbox = Q(provider__in=modes.sandboxes())
    return queries.statements(partner_id).filter(of_a_sandbox if modes.is_sandbox(provider) else ~of_a_sandbox)


def _until_there_is_room(of_the_day: QuerySet[Statement], now: datetime) -> int:
    """Seconds until the first of them is no longer of the last day."""
    first = of_the_day.values_list("created_at", flat=True)[0]
    return max(1, int((first + DAY - now).total_seconds()) + 1)
