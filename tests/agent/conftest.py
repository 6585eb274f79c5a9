from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.agent.scene import Era, Scene
from tests.carrying import carrying
from tests.conftest import StoppedClock
from tests.contract.doors import NOON, Stage, committed_rows, set_stage

__all__ = ["committed_rows"]

ERAS: list[Era] = ["legacy", "2026-07-28", "2026-07-28 with pages"]


@pytest.fixture(scope="module")
def stage(transactional_db: None) -> Iterator[Stage]:
    with set_stage(NOON) as stage:
        yield stage


@pytest.fixture(params=ERAS)
def scene(request: pytest.FixtureRequest, stage: Stage) -> Scene:
    """One for each way in which clients of agents speak to us, with a traveler of its own."""
    return Scene(stage, request.param)


@pytest.fixture
def modern(stage: Stage) -> Scene:
    return Scene(stage, "2026-07-28")


@pytest.fixture
def clock_here(stage: Stage) -> Iterator[StoppedClock]:
    """The stage's clock, to be moved; it is put back afterwards."""
    with ExitStack() as stack:
        yield StoppedClock(stack, NOON)


@pytest.fixture
def carried() -> Iterator[None]:
    """Changes are told, as a server's settings would have it."""
    with carrying():
        yield
