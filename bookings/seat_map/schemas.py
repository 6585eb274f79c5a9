"""What doors take and give for the seats of an offer, and the choice of seats and extras."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from bookings.offer.schemas import GetOffer, MoneyView
from bookings.providers.types import CabinClass
from movmo.operations.context import Request, View

SegmentNumber = Annotated[int, Field(ge=1, le=200)]
Designator = Annotated[str, Field(pattern=r"^[0-9]{1,3}[A-Z]{1,2}$")]


class GetSeatMap(GetOffer):
    segment: SegmentNumber | None = Field(
        default=None,
        description="Only the flight of this number (`segment` in the offer's slices); all flights when left out.",
        examples=[1],
    )
    slot_id: UUID | None = Field(default=None, description="Only seats and prices for this slot's passenger.")
    position: Literal["window", "aisle", "middle"] | None = Field(
        default=None, description="Only seats there.", examples=["window"]
    )
    only_available: bool = Field(
        default=True,
        description="Leave out the seats that nobody of the offer may have. Send false to draw whole cabins.",
        examples=[True],
    )


class SeatPriceView(View):
    slot_id: UUID
    total: MoneyView


class SeatView(View):
    designator: str = Field(examples=["12A"])
    position: str = Field(description="`window`, `aisle` or `middle`.", examples=["window"])
    features: list[str] = Field(examples=[["extra_legroom"]])
    available_for: list[SeatPriceView] = Field(
        description="Who may have it, for how much. Empty: taken, or not for anybody of this offer."
    )


class SeatRowView(View):
    seats: list[SeatView]


class CabinView(View):
    cabin_class: CabinClass
    columns: list[str] = Field(
        description="From left to right; an empty text is an aisle.", examples=[["A", "B", "C", "", "D", "E", "F"]]
    )
    rows: list[SeatRowView]


class SegmentSeatsView(View):
    segment: int = Field(description="The flight's number in the offer.", examples=[1])
    flight: str = Field(description="Marketing carrier and number.", examples=["XX204"])
    origin: str = Field(examples=["MUC"])
    destination: str = Field(examples=["LIS"])
    cabins: list[CabinView] = Field(description="Empty where the airline has no seats to choose on this flight.")


class SeatMapView(View):
    offer_id: UUID
    segments: list[SegmentSeatsView]


class SeatChoice(Request):
    segment: SegmentNumber = Field(description="The flight's number in the offer.", examples=[1])
    slot_id: UUID = Field(description="Who sits there, from the offer's `passengers`.")
    designator: Designator = Field(description="The seat, from get_seat_map.", examples=["12A"])


class ServiceChoice(Request):
    service_id: str = Field(
        pattern=r"^[!-~]{1,300}$",
        description="From the offer's `services`, as it was read last.",
        examples=["ase_0000AUde3KY1SptM6ABSfT"],
    )
    quantity: int = Field(default=1, ge=1, le=99, description="How many.", examples=[1])
    slot_id: UUID | None = Field(
        default=None, description="For whom; may be left out where the service has one entry under `slot_ids`."
    )


class SelectServices(GetOffer):
    seats: list[SeatChoice] = Field(
        max_length=200, description="All seats that shall be booked; an empty list for none.", examples=[[]]
    )
    services: list[ServiceChoice] = Field(
        max_length=200, description="All bags and extras that shall be booked; an empty list for none.", examples=[[]]
    )
