"""Providers are found by their name in the URL."""

from collections.abc import Iterator

import pytest

from bookings.providers import registry
from bookings.providers.registry import ProviderUnknown
from bookings.sandbox_airline.services import SandboxAirline
from movmo.kit.errors import Kind


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_providers", {})
    registry.install_sandbox(SandboxAirline())
    yield


def test_the_sandbox_is_installed() -> None:
    assert registry.provider("sandbox").capabilities.provider == "sandbox"
    assert [each.capabilities.provider for each in registry.all_providers()] == ["sandbox"]


def test_installing_again_replaces() -> None:
    before = registry.provider("sandbox")
    registry.install_sandbox(SandboxAirline(seats_per_flight=1))
    assert registry.provider("sandbox") is not before
    assert len(registry.all_providers()) == 1


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ProviderUnknown) as caught:
        registry.provider("montgolfier")
    assert caught.value.facts == {"provider": "montgolfier", "known": ["sandbox"]}
    assert caught.value.kind is Kind.NOT_FOUND
