"""What is written down of each thing that was done: a note on the discrepancy, and a line of the audit trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from bookings.reconciliation.models import Discrepancy, DiscrepancyNote
from bookings.reconciliation.resolution.schemas import By
from movmo.operations import audit
from movmo.operations.context import Door


def note(discrepancy: Discrepancy, text: str, *, by: By, now: datetime, before: str = "", after: str = "") -> None:
    """The text of a partner says so; staff are told by who wrote it."""
    DiscrepancyNote.objects.create(
        discrepancy=discrepancy,
        author_id=by.user_id,
        before=before,
        after=after,
        text=f"The partner: {text}"[:1000] if by.partner_id else text[:1000],
        at=now,
    )


def audited(what: str, *, by: By, resource_id: UUID, **arguments: Any) -> None:
    """In the transaction of the change, so that neither is there without the other. Of a partner's call the pipeline
    writes its own lines.
    """
    if by.door is not Door.OFFICE:
        return
    audit.note(
        what,
        door=by.door,
        code=audit.DONE,
        user_id=by.user_id,
        partner_id=by.partner_id,
        request_id=by.request_id,
        resource_id=resource_id,
        arguments=arguments,
    )


@contextmanager
def intended(what: str, *, by: By, resource_id: UUID, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Around asking a provider: see `audit.intended`. What is put into the dictionary meanwhile is told by the outcome.
    Of a partner's call the pipeline writes its own lines.
    """
    if by.door is not Door.OFFICE:
        yield arguments
        return
    with audit.intended(
        what,
        door=by.door,
        user_id=by.user_id,
        partner_id=by.partner_id,
        request_id=by.request_id,
        resource_id=resource_id,
        arguments=arguments,
    ):
        yield arguments
