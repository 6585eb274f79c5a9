"""What doors take and give for bookings."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from bookings.booking.schedule_change.schemas import ScheduleChangeView
from bookings.booking.states import DECIDED, State
from bookings.offer.schemas import ChosenServiceView, LocalTime, MoneyInput, MoneyView, ProviderName, SliceView
from bookings.providers.types import PassengerType
from movmo.operations.context import PageRequest, Request, View


class Mode(StrEnum):
    INSTANT = "instant"
    HOLD = "hold"


class CreateBooking(Request):
    provider: ProviderName = Field(description="The offer's provider.", examples=["sandbox"])
    offer_id: UUID = Field(description="From search_flights or create_offer, with every slot mapped.")
    expected_total: MoneyInput = Field(
        description="The `total` the traveler was shown. If the price is another by now, nothing is booked."
    )
    mode: Mode = Field(
        default=Mode.INSTANT,
        description=(
            "`instant` books and tickets now. `hold` only reserves the seats until payment_required_by, where the "
            "offer allows; confirm_hold pays for it."
        ),
        examples=["instant"],
    )
    payment_method_id: UUID | None = Field(
        default=None,
        description=(
            "The card that the airline charges, from get_payment_methods. Without one the airline bills the account "
            "that Movmo has with it, where it has one. Not for a hold, which confirm_hold pays for."
        ),
    )


class GetBooking(Request):
    booking_id: UUID = Field(description="From create_booking or search_bookings.")


class SearchBookings(PageRequest):
    status: State | None = Field(default=None, description="Only bookings in this state.", examples=["confirmed"])


class BookedPassenger(View):
    """A person as booked."""

    slot_id: UUID
    passenger_id: UUID
    type: PassengerType = Field(examples=["ADT"])
    given_name: str = Field(examples=["Ana María"])
    family_name: str = Field(examples=["Müller"])
    name_as_ticketed: str = Field(examples=["MUELLER/ANA MARIA"])
    birth_date: date = Field(examples=["1988-04-12"])
    associated_adult: UUID | None = None


class DocumentView(View):
    """A ticket: 13 digits, of which the first three are the airline's."""

    type: str = Field(examples=["electronic_ticket"])
    number: str = Field(examples=["0002412345678"])
    slot_id: UUID
    coupons: list[str] = Field(
        default=[], description="One status for each flight, in the order of travel.", examples=[["open", "open"]]
    )


class FailureView(View):
    code: str = Field(examples=["sold_out"])
    message: str = Field(examples=["The flight has been sold out."])


class BookingSummary(View):
    booking_id: UUID
    status: State = Field(
        description=(
            "`ticketed`: booked, with tickets. `confirmed`: booked, tickets to follow. `held`: reserved until "
            "`payment_required_by`. `failed`, `lapsed`, `cancelled`: over. `requires_action`: the cardholder's bank "
            "asks; give the traveler `payment.challenge_url`, then read again. `reserved`, `submitting`, `pending`, "
            "`unknown`, `confirming` and `cancelling` are being decided with the airline: read again later and do not "
            "book again. `manual_review`: our staff asks the airline; do not book again either."
        ),
        examples=["confirmed"],
    )
    record_locator: str | None = Field(default=None, description="The airline's PNR.", examples=["BCDFGH"])
    provider: str = Field(examples=["sandbox"])
    route: str = Field(description="Its slices by their airports.", examples=["MUC-LIS LIS-MUC"])
    departing_at: LocalTime = Field(description="Of the first flight, airport-local.", examples=["2027-03-01T07:25:00"])
    total: MoneyView
    created_at: datetime


class PaymentView(View):
    """The card's part."""

    payment_method_id: UUID
    brand: str = Field(examples=["visa"])
    last4: str = Field(examples=["4242"])
    status: str = Field(
        description="`unanswered` (not heard yet), `approved`, `requires_action`, `declined`, `voided`; or empty.",
        examples=["approved"],
    )
    challenge_url: str | None = Field(
        default=None, description="Where the traveler answers their bank, while status is `requires_action`."
    )


class CancellationView(View):
    """By whom a booking was cancelled, and what the airline gives back."""

    cancelled_by: Literal["traveler", "airline"] = Field(examples=["traveler"])
    refund: MoneyView | None = Field(description="What the airline gives back; absent where it has not said.")
    penalty: MoneyView | None = Field(default=None, description="What it keeps, by the quote that was agreed to.")
    refund_to: str | None = Field(
        default=None,
        description="Where the refund goes, in the airline's words.",
        examples=["original_form_of_payment"],
    )


class BookingView(BookingSummary):
    payment: PaymentView | None = Field(default=None, description="The card that the airline charges, if any.")
    record_locators: list[str] = Field(description="All PNRs: one offer may become several.", examples=[["BCDFGH"]])
    ticketing: Literal["ticketed", "reserved_not_ticketed", "not_booked"] = Field(
        description="`ticketed` once every passenger with a seat has a ticket; `not_booked` while no order lives.",
        examples=["ticketed"],
    )
    documents: list[DocumentView]
    offer_id: UUID
    mode: Mode = Field(examples=["instant"])
    payment_required_by: datetime | None = Field(default=None, description="For a held booking.")
    passengers: list[BookedPassenger]
    slices: list[SliceView]
    services: list[ChosenServiceView] = Field(description="Seats, bags and extras that were booked.")
    schedule_changes: list[ScheduleChangeView] = Field(
        default=[], description="What the airline announced, newest first, with the itinerary before and after."
    )
    failure: FailureView | None = Field(default=None, description="Why nothing was booked, for a failed booking.")
    cancellation: CancellationView | None = Field(default=None, description="For a cancelled booking.")
    under_way: Literal["confirm_hold", "cancel", "accept_schedule_change"] | None = Field(
        default=None,
        description="What the airline was asked and has not answered; nothing else may be asked meanwhile.",
        examples=["cancel"],
    )
    updated_at: datetime

    def is_undecided(self) -> bool:
        return self.status not in DECIDED or self.under_way is not None


class BookingList(View):
    data: list[BookingSummary]
    next_cursor: str | None = None
