"""Changes are told to who listens, as a server's settings would have it."""

from collections.abc import Iterator
from contextlib import contextmanager

from movmo.operations import bulletin, carriers
from movmo.operations.carriers import OnPostgres


@contextmanager
def carrying() -> Iterator[None]:
    chosen = carriers.of_settings()
    bulletin.install(chosen)
    try:
        yield
    finally:
        bulletin.install(None)
        if isinstance(chosen, OnPostgres):
            chosen.close()
