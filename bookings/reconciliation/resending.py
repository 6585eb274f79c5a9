"""The same file again, with other words: the wrong period was typed, say, and nothing of it was taken over yet."""

from typing import Any

from django.db import transaction

from bookings.reconciliation import storing
from bookings.reconciliation.models import Statement
from bookings.reconciliation.states import StatementState

OPEN = frozenset({StatementState.RECEIVED, StatementState.STAGED, StatementState.REFUSED})
"""Nothing of it was taken over."""
WORDS = ("stream", "format", "mapping", "period_start", "period_end", "is_auto_accepted")
NOTHING_READ: dict[str, Any] = {"counts": {}, "totals": {}, "problem_code": "", "problem": ""}
BY_NOBODY: dict[str, Any] = {"accepted_by": None, "accepted_at": None}
"""Whoever accepted it accepted other words."""


def is_worth_it(known: Statement, said: dict[str, Any]) -> bool:
    """Whether reading it anew could end otherwise. What a person declined comes back by a person only: by no pull but
    one that somebody asked for.
    """
    is_nightly = said["source"] == Statement.Source.PULL and said["uploaded_by"] is None
    if known.state not in OPEN or is_nightly:
        return False
    return known.state == StatementState.REFUSED or any(getattr(known, word) != said[word] for word in WORDS)


def anew(known: Statement, said: dict[str, Any]) -> Statement:
    """Still the same statement, received now. A worker who is reading it has lost it."""
    as_it_was = Statement.objects.filter(pk=known.pk, state=known.state, fence=known.fence)
    # A partner's next one is not begun while that worker is still at it: it ends the lease when it is done.
    freed = {} if known.partner_id else {"lease_until": None}
    with transaction.atomic():
        taken = as_it_was.update(
            state=StatementState.RECEIVED, fence=known.fence + 1, **NOTHING_READ, **BY_NOBODY, **freed, **said
        )
        if taken:
            known.quarantined.all().delete()
    # The newer copy stays; of two who send it at once, the one whose words count.
    spare = known.file if taken else said["file"]
    transaction.on_commit(lambda: storing.forget(spare), robust=True)
    known.refresh_from_db()
    return known
