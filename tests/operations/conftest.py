from collections.abc import Iterator

import pytest

from movmo.operations import registry
from tests.operations import toys


@pytest.fixture
def bare_registry() -> Iterator[None]:
    """A registry without operations."""
    kept = dict(registry._operations)
    registry._operations.clear()
    yield
    registry._operations.clear()
    registry._operations.update(kept)


@pytest.fixture
def shelf(bare_registry: None) -> None:
    """The registry holds a write of notes and the read that tells its answer again."""
    registry.register(toys.FILE)
    registry.register(toys.READ)
