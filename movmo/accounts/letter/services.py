"""Letters that leave by the outbox: written down with the change they tell of, posted by a worker afterwards.

At least once: a worker that dies after posting posts it again, under the same Message-ID.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import transaction

from movmo.accounts.letter import sending
from movmo.accounts.letter.models import PendingLetter
from movmo.accounts.models import User
from movmo.kit import clock
from movmo.operations import outbox
from movmo.operations.models import Outbox

TOPIC = "account_letter"


def put(letter: str, to: str, facts: dict[str, Any], *, of: User | None) -> None:
    """Order it, in the transaction of the change. `facts` are JSON values; `of` is the person it is forgotten with."""
    now = clock.now()
    with transaction.atomic():
        content = orjson.dumps({"to": to, "facts": facts})
        pending = PendingLetter.objects.create(user=of, letter=letter, content=content, created_at=now)
        outbox.put(TOPIC, f"account-letter:{pending.pk}", at=now, letter_id=str(pending.pk))


def post(rows: Sequence[Outbox]) -> None:
    """The outbox's handler. One that is not there any more was posted, or forgotten. Raises LetterNotTaken."""
    for row in rows:
        pending = PendingLetter.objects.filter(pk=row.payload["letter_id"]).first()
        if pending is not None:
            content = as_written(pending)
            sending.post(sending.write(pending.letter, content["to"], content["facts"], letter_id=pending.pk))
            pending.delete()


def as_written(pending: PendingLetter) -> dict[str, Any]:
    """`to` and `facts`."""
    written: dict[str, Any] = orjson.loads(pending.content)
    return written
