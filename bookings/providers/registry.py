"""Which providers exist, by their name in the URL. The only module that imports adapters."""

from bookings.providers.duffel.mapping import parse_offer as parse_duffel_offer
from bookings.providers.port import Provider
from bookings.providers.sandbox.adapter import SandboxProvider
from bookings.providers.sandbox.airline import Airline
from movmo.kit.errors import DomainError, Kind

_providers: dict[str, Provider] = {}


class ProviderUnknown(DomainError):
    kind = Kind.NOT_FOUND
    code = "provider_not_found"
    message = "There is no flight provider of this name."
    hint = "Use one of the names in `known`."


def install_sandbox(airline: Airline) -> None:
    """Called at start-up by the application, which owns the airline's tables. A later call replaces the airline."""
    _providers["sandbox"] = SandboxProvider(airline=airline, parse=parse_duffel_offer)


def provider(name: str) -> Provider:
    """Raises ProviderUnknown."""
    try:
        return _providers[name]
    except KeyError:
        raise ProviderUnknown(provider=name[:40], known=sorted(_providers)) from None


def is_installed(name: str) -> bool:
    return name in _providers


def all_providers() -> list[Provider]:
    """Every installed provider, by name."""
    return [_providers[name] for name in sorted(_providers)]
