"""What follows the bookings, and is a worker's work: their events are published, and letters about them leave."""

import time
from collections.abc import Callable

from django.db.models import Q

from movmo.accounts.letter import mailbox
from movmo.demo.seed import TRAVELERS
from movmo.demo.story import StoryBroke
from movmo.kit import clock
from movmo.operations.models import Event, Outbox

PATIENCE_SECONDS = 30


def tell(say: Callable[[str], None]) -> None:
    """Raises StoryBroke."""
    begun = time.monotonic()
    while _waiting():
        if time.monotonic() > begun + PATIENCE_SECONDS:
            raise StoryBroke(f"the worker left work undone for {PATIENCE_SECONDS} seconds")
        time.sleep(0.1)
    latest = Event.objects.order_by("-position")[0]
    letters = [letter.subject for letter in mailbox.latest() if letter.to == TRAVELERS[0]]
    say("\nA worker does what follows")
    say(f"  events                    {latest.position} published, the last is {latest.type}")
    say(f"  letters to Ana            {len(letters)}")
    for subject in reversed(letters):
        say(f"    {subject}")


def _waiting() -> bool:
    """Also what failed once and comes again. What was put off on purpose is nobody's work yet."""
    ready = Outbox.objects.filter(state=Outbox.State.READY)
    return ready.filter(Q(due_at__lte=clock.now()) | Q(attempts__gt=0)).exists()
