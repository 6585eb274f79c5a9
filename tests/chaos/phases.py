"""The named phases at which a process may be told to die: MOVMO_CHAOS_DIE_AT is "<phase>|<nth>".

The product knows nothing of them. They are reached from the chaos airline, and from functions that `install` wraps,
in the process that was told. Whoever dies writes its phase down first, then it is `kill -9` by its own hand.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from types import ModuleType
from typing import Any

DIE_AT = "MOVMO_CHAOS_DIE_AT"
OBITUARIES = "MOVMO_CHAOS_OBITUARIES"


class Phase(StrEnum):
    WRITTEN = "change and events written, not committed"
    RESERVED = "reserved, not claimed"
    CLAIMED = "claimed, not sent"
    SENDING = "about to send"
    SENT = "sent, not answered"
    ANSWERED = "answered, not settled"
    SETTLING = "about to settle"
    SETTLED = "settled, not told"
    LOOKED_UP = "looked up, not written down"
    OUTBOX_CLAIMED = "outbox claimed, not handled"
    PUBLISHING = "publishing, not committed"
    PUBLISHED = "published, not marked"
    MARKED = "outbox marked as done"
    TAKEN = "webhook taken, not sent"
    DELIVERED = "webhook delivered, not settled"
    AMENDING = "about to pay or cancel"
    AMENDED = "paid or cancelled, not settled"


WEB, WORKER = "web", "worker"
OF_ROLE = {
    WEB: (
        Phase.WRITTEN,
        Phase.RESERVED,
        Phase.CLAIMED,
        Phase.SENDING,
        Phase.SENT,
        Phase.ANSWERED,
        Phase.SETTLING,
        Phase.SETTLED,
        Phase.AMENDING,
        Phase.AMENDED,
    ),
    WORKER: (
        Phase.LOOKED_UP,
        Phase.OUTBOX_CLAIMED,
        Phase.PUBLISHING,
        Phase.PUBLISHED,
        Phase.MARKED,
        Phase.TAKEN,
        Phase.DELIVERED,
    ),
}

_fatal = ""
_left = 0


def reach(phase: Phase) -> None:
    """Dies here if this process was told to."""
    global _left
    if phase != _fatal:
        return
    _left -= 1
    if _left == 0:
        record = os.open(os.environ[OBITUARIES], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(record, f"{phase}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def install() -> None:
    """Told of its end, this process gets the places where it may come."""
    global _fatal, _left
    told = os.environ.get(DIE_AT, "")
    if not told:
        return
    _fatal, _, nth = told.partition("|")
    _left = int(nth)

    from bookings.booking import saga, steps
    from movmo.operations import events, outbox
    from partners.webhook import claiming, delivering

    _wrap(events, "write", after=Phase.WRITTEN)
    _wrap(saga, "resume", before=Phase.RESERVED)
    _wrap(steps, "claim", after=Phase.CLAIMED)
    _wrap(steps, "settle", before=Phase.SETTLING, after=Phase.SETTLED)
    _wrap(outbox, "claim", after=Phase.OUTBOX_CLAIMED)
    _wrap(events, "publish", after=Phase.PUBLISHED)
    outbox.register(events.TOPIC, events.publish)
    _wrap(outbox, "_try", after=Phase.MARKED)
    _wrap(claiming, "claim", after=Phase.TAKEN)
    _wrap(delivering, "settle", before=Phase.DELIVERED)
    events.register_sink(lambda published: reach(Phase.PUBLISHING))


def _wrap(module: ModuleType, name: str, *, before: Phase | None = None, after: Phase | None = None) -> None:
    """An empty list is no claim: `after` such a one nobody dies."""
    original: Callable[..., Any] = getattr(module, name)

    @wraps(original)
    def wrapped(*args: Any, **options: Any) -> Any:
        if before is not None:
            reach(before)
        came = original(*args, **options)
        if after is not None and came != []:
            reach(after)
        return came

    setattr(module, name, wrapped)
