"""Which providers there are and what each can do."""

from dataclasses import asdict

from bookings.catalogue.schemas import CapabilitiesView, ProviderList, ProviderView
from bookings.providers import registry


def providers() -> ProviderList:
    known = [provider.capabilities for provider in registry.all_providers()]
    return ProviderList(data=[ProviderView(provider=one.provider, name=one.name, type=one.type) for one in known])


def capabilities(provider: str) -> CapabilitiesView:
    """Raises ProviderUnknown."""
    return CapabilitiesView.model_validate(asdict(registry.provider(provider).capabilities))
