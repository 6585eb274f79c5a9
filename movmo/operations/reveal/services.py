"""One masked field of one person is read by a clerk, for a reason. It is written down first, then it is shown.

The line in the audit trail names the clerk, the row, the field and the reason, and never the value. It commits on its
own: what is shown, or fails to be, afterwards changes nothing about it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from movmo.operations import audit
from movmo.operations.context import Door
from movmo.operations.models import AuditEvent
from movmo.operations.reasons import reason_of

REVEAL = "reveal_personal"
AN_HOUR = timedelta(hours=1)


class TooManyReveals(Exception):
    """Of staff's pages only, so no refusal of an operation. Its text is for the clerk."""

    code = "too_many_reveals"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"You have read {most} masked fields within the last hour, and that is the most. This one was not shown. "
            "Go on when the hour is over; if the work needs more, ask the security team."
        )


def reveal(*, clerk_id: UUID, table: str, row_id: UUID | None, field: str, reason: str, now: datetime) -> None:
    """Write down that the clerk reads the field. The caller shows it afterwards, and only then.

    Raises InvalidArguments and TooManyReveals; the latter leaves a line as well.
    """
    said = {"of": table, "field": field, "reason": reason_of(reason)}
    most = settings.MOVMO_REVEALS_PER_HOUR
    with transaction.atomic(durable=True):
        _one_at_a_time(clerk_id)
        is_free = _read_lately(clerk_id, now=now) < most
        _note(clerk_id, row_id, said, code=audit.DONE if is_free else TooManyReveals.code)
    if not is_free:
        raise TooManyReveals(most)


def _one_at_a_time(clerk_id: UUID) -> None:
    """Counted and written by nobody else meanwhile: the last one allowed would be given to each who asks at once. On
    SQLite the transaction alone sees to it."""
    clerks = get_user_model().objects.select_for_update(no_key=True).filter(pk=clerk_id)
    clerks.values_list("pk", flat=True).first()


def _read_lately(clerk_id: UUID, *, now: datetime) -> int:
    """Counted in the trail itself: it is the same for all processes, and a restart forgets nothing."""
    lately = AuditEvent.objects.filter(user_id=clerk_id, operation=REVEAL, code=audit.DONE, at__gt=now - AN_HOUR)
    return lately.count()


def _note(clerk_id: UUID, row_id: UUID | None, said: dict[str, str], *, code: str) -> None:
    audit.note(REVEAL, door=Door.OFFICE, code=code, user_id=clerk_id, resource_id=row_id, arguments=said)
