"""What a worker does: letters leave by the outbox, and tests have no worker of their own."""

from movmo.operations import outbox


def post() -> None:
    """Everything that is due leaves, letters and what orders them."""
    outbox.drain()
