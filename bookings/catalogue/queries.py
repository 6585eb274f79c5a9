"""Which providers there are and what each can do; which airports a few letters may mean."""

from dataclasses import asdict

from bookings.catalogue import modes
from bookings.catalogue.schemas import (
    AirportList,
    AirportView,
    CapabilitiesView,
    ProviderList,
    ProviderView,
    SearchAirports,
)
from bookings.providers import airports as table
from movmo.operations.context import Caller


def providers(caller: Caller) -> ProviderList:
    """Those that the call reaches."""
    found = [asdict(provider.capabilities) for provider in modes.providers(caller)]
    return ProviderList(data=[ProviderView.model_validate(one) for one in found])


def capabilities(caller: Caller, provider: str) -> CapabilitiesView:
    """Raises ProviderUnknown or ProviderNotForKey."""
    return CapabilitiesView.model_validate(asdict(modes.provider(caller, provider).capabilities))


def airports(request: SearchAirports) -> AirportList:
    """The likeliest first."""
    found = table.matching(request.query)
    return AirportList(data=[_airport_view(one) for one in found[: request.limit]], total=len(found))


def _airport_view(one: table.Airport) -> AirportView:
    return AirportView(
        iata_code=one.iata_code,
        name=one.name,
        city_name=one.city_name,
        country=one.country_code,
        zone=one.zone,
    )
