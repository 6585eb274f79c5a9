"""What confirm_hold takes."""

from uuid import UUID

from pydantic import Field

from bookings.offer.schemas import MoneyInput
from movmo.operations.context import Request


class ConfirmHold(Request):
    booking_id: UUID = Field(description="A held booking of the traveler.")
    expected_total: MoneyInput = Field(
        description="The `total` the traveler was shown. If the price is another by now, nothing is paid."
    )
    payment_method_id: UUID | None = Field(
        default=None,
        description=(
            "The card that the airline charges, from get_payment_methods. Without one the airline bills the account "
            "that Movmo has with it, where it has one."
        ),
    )
