"""What doors take and give about providers and airports."""

from typing import Annotated

from pydantic import Field

from movmo.operations.context import Request, View
from movmo.operations.redaction import Redacted


class GetCapabilities(Request):
    provider: str = Field(max_length=40, description="Provider name, from list_providers.", examples=["sandbox"])


class ProviderView(View):
    provider: str = Field(examples=["sandbox"])
    name: str = Field(examples=["Movmo Sandbox Air"])
    type: str = Field(examples=["built in"])
    sandbox: bool = Field(
        description="Nothing is bought there. Test keys reach sandboxes only, live keys all others.", examples=[True]
    )


class ProviderList(View):
    data: list[ProviderView]


class CapabilitiesView(ProviderView):
    bookable: bool = Field(description="Offers of this provider can be booked here.")
    search: bool
    holds: bool = Field(description="A booking can be held and paid later.")
    pricing_step: bool = Field(description="refresh_offer reads an offer's price again before it is booked.")
    seat_map: bool = Field(description="get_seat_map and select_services offer seats.")
    max_passengers: int = Field(examples=[9])
    max_connections: int = Field(examples=[4])
    genders: list[str] = Field(examples=[["F", "M", "X", "U"]])
    notes: str


class SearchAirports(Request):
    query: Annotated[str, Redacted] = Field(
        min_length=1, max_length=60, description="The beginning of a code, a city or a name.", examples=["zur"]
    )
    limit: int = Field(default=20, ge=1, le=100, description="How many airports the answer holds.", examples=[20])


class AirportView(View):
    iata_code: str = Field(examples=["ZRH"])
    name: str = Field(examples=["Zurich Airport"])
    city_name: str = Field(description="Empty where the airport is of no city.", examples=["Zurich"])
    country: str = Field(description="ISO 3166-1 alpha-2.", examples=["CH"])
    zone: str = Field(description="IANA time zone.", examples=["Europe/Zurich"])


class AirportList(View):
    data: list[AirportView]
    total: int = Field(description="How many there are in all.", examples=[1])
