"""What may become of an export. Only the claims and outcomes of `claiming` and the purge change it."""

from enum import StrEnum


class ExportState(StrEnum):
    ORDERED = "ordered"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


TRANSITIONS: dict[ExportState, frozenset[ExportState]] = {
    ExportState.ORDERED: frozenset({ExportState.RUNNING, ExportState.FAILED}),
    # Running again: the worker before it was lost, or had to give up for now.
    ExportState.RUNNING: frozenset({ExportState.RUNNING, ExportState.ORDERED, ExportState.READY, ExportState.FAILED}),
    ExportState.READY: frozenset({ExportState.EXPIRED}),
    ExportState.FAILED: frozenset(),
    ExportState.EXPIRED: frozenset(),
}
OPEN = (ExportState.ORDERED, ExportState.RUNNING)


def before(after: ExportState) -> list[str]:
    """The states from which it may come to `after`."""
    return [state.value for state, followers in TRANSITIONS.items() if after in followers]
