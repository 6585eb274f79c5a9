"""The toys, behind the door, for a partner that has a key and a traveler's token."""

from typing import Any

import pytest
from django.test import Client

from movmo.operations import registry
from tests.rest import toys


@pytest.fixture
def credentials() -> toys.ToyCredentials:
    return toys.ToyCredentials()


@pytest.fixture
def toy_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of toys; the real one comes back afterwards."""
    monkeypatch.setattr(registry, "_operations", {})
    toys.declare()
    toys.hangar.clear()


@pytest.fixture
def anonymous(transactional_db: None, toy_registry: None, credentials: toys.ToyCredentials, settings: Any) -> Client:
    settings.ROOT_URLCONF = toys.urlconf(credentials)
    return Client(raise_request_exception=False)


@pytest.fixture
def client(anonymous: Client) -> Client:
    """aviare's back end, acting for ana."""
    anonymous.defaults.update({"HTTP_X_API_KEY": "aviare", "HTTP_AUTHORIZATION": "Bearer ana"})
    return anonymous
