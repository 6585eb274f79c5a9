"""What batches know of a person, and how it is forgotten: see movmo.accounts.privacy."""

from datetime import datetime
from typing import Any

from movmo.accounts.models import User
from movmo.accounts.privacy.services import Records
from partners.batch import claiming
from partners.batch.models import BatchLine


def tell(user: User) -> list[dict[str, Any]]:
    """The lines that called for them. What was answered, they find with what it was about."""
    mine = BatchLine.objects.filter(user_id=user.pk).order_by("batch_id", "number")
    return [
        {
            "batch_id": one.batch_id,
            "line": one.number,
            "operation": one.operation,
            "state": one.state,
            "settled_at": one.settled_at,
        }
        for one in mine.defer("content", "result")
    ]


def erase(user: User, now: datetime) -> None:
    """Their arguments and answers, in the transaction that is open. A line that waits is refused when its turn comes,
    as its token would be."""
    theirs = BatchLine.objects.filter(user_id=user.pk)
    claiming.hold(*theirs.values_list("batch_id", flat=True).distinct())
    theirs.update(content=None, result=None, user_id=None)


RECORDS = Records("batch_lines", tell=tell, erase=erase)
"""Lines of partners' batches."""
