"""The sandbox provider with other capabilities than it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from bookings.providers import registry
from bookings.providers.port import Provider
from bookings.providers.types import Capabilities


class OtherwiseAble:
    """All of a provider, save for what its capabilities say."""

    def __init__(self, provider: Provider, changes: dict[str, Any]) -> None:
        self._provider = provider
        self._changes = changes

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._provider.capabilities, **self._changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


@contextmanager
def sandbox_with(**capabilities: Any) -> Iterator[None]:
    """`with sandbox_with(finds_orders=False):`"""
    known = registry.provider("sandbox")
    registry._providers["sandbox"] = OtherwiseAble(known, capabilities)
    try:
        yield
    finally:
        registry._providers["sandbox"] = known
