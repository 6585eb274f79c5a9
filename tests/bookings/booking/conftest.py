from collections.abc import Iterator
from typing import Any

import pytest

from bookings.payment_method.vaults import registry
from tests.saga.conftest import airline, booked, held

__all__ = ["airline", "away", "booked", "held"]


@pytest.fixture
def away() -> Iterator[Any]:
    """Turn the vault off and on again."""
    working = registry._vaults["sandbox"]
    secret = {"environment_key": "e", "access_secret": "s", "receiver": "r"}

    def switch(*, off: bool) -> None:
        if off:
            registry.install_spreedly(name="sandbox", url="http://127.0.0.1:9", **secret)
        else:
            registry.install(working)

    yield switch
    registry.install(working)
