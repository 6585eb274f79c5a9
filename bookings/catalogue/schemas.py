"""What doors take and give about providers."""

from pydantic import Field

from movmo.operations.context import Request, View


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
