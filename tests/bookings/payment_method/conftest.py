import pytest

from movmo.sandbox_vault.app import SandboxVault


@pytest.fixture(scope="session", autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""
