"""The product as its users meet it: one server on loopback, real clients, the clock at the true time."""

from collections.abc import Iterator

import pytest

from movmo.kit import clock
from tests.contract.doors import Stage, committed_rows, set_stage

__all__ = ["committed_rows"]


@pytest.fixture(scope="module")
def stage(transactional_db: None) -> Iterator[Stage]:
    """The clock stands still at the present: the authorization server's libraries read the machine's."""
    with set_stage(clock.now()) as stage:
        yield stage
