import pytest

from tests.conftest import StoppedClock


@pytest.fixture(autouse=True)
def stopped(clock: StoppedClock) -> None:
    """Offers do not run out while a test looks at them."""
