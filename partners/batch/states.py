"""The life of a batch, and of each of its lines.

running → completed                     every line was run
running → cancelling → cancelled        taken back: what had begun is run to its end, the rest is skipped

waiting → done | refused                it was run, and this is its answer
waiting → skipped                       its batch was cancelled before it began
"""

from enum import StrEnum


class BatchState(StrEnum):
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


OPEN = (BatchState.RUNNING, BatchState.CANCELLING)
END_OF = {BatchState.RUNNING: BatchState.COMPLETED, BatchState.CANCELLING: BatchState.CANCELLED}


class LineState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    SKIPPED = "skipped"
