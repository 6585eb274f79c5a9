import pytest

from movmo.sandbox_vault.app import SandboxVault
from tests.conftest import StoppedClock


@pytest.fixture(autouse=True)
def stopped(clock: StoppedClock) -> None:
    """Offers do not run out while a test looks at them."""


@pytest.fixture(scope="session", autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""
