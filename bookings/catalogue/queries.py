"""Which providers there are and what each can do."""

from dataclasses import asdict

from bookings.catalogue import modes
from bookings.catalogue.schemas import CapabilitiesView, ProviderList, ProviderView
from movmo.operations.context import Caller


def providers(caller: Caller) -> ProviderList:
    """Those that the call reaches."""
    found = [asdict(provider.capabilities) for provider in modes.providers(caller)]
    return ProviderList(data=[ProviderView.model_validate(one) for one in found])


def capabilities(caller: Caller, provider: str) -> CapabilitiesView:
    """Raises ProviderUnknown or ProviderNotForKey."""
    return CapabilitiesView.model_validate(asdict(modes.provider(caller, provider).capabilities))
