import pytest
from django.test import Client

from movmo.accounts.models import User
from movmo.sandbox_vault.app import SandboxVault


@pytest.fixture(scope="session", autouse=True)
def vault_is_up(the_vault: SandboxVault) -> None:
    """Cards are kept somewhere."""


@pytest.fixture
def browser(client: Client, ana: User) -> Client:
    """Ana's, signed in."""
    client.force_login(ana)
    return client
