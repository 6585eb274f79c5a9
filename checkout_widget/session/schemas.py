"""What partners send and read about checkouts."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import Field, model_validator

from checkout_widget.session.states import CheckoutState
from movmo.kit.money import Money
from movmo.operations.context import Request, View
from movmo.operations.redaction import Redacted

Locale = Literal["en", "de", "fr", "es", "nl"]
LOCALES: tuple[str, ...] = get_args(Locale)
SHOWN_ONCE = (
    "Hand it to the page that shows the button, and to nobody else; it never belongs into an address or a log. It is "
    "told in this answer, and again to a repetition with the same idempotency key, and nowhere else."
)


class OpenCheckout(Request):
    """An offer of the provider's own (`offer`), or one that Movmo knows (`offer_id`)."""

    provider: str = Field(min_length=1, max_length=40, description="The offer's provider.", examples=["sandbox"])
    offer: Annotated[dict[str, Any] | None, Redacted] = Field(
        default=None,
        description="The provider's offer exactly as its own search returned it, as in create_offer.",
        examples=[None],
    )
    offer_id: UUID | None = Field(default=None, description="From create_offer or search_flights, instead of `offer`.")
    origin: str = Field(
        max_length=200,
        pattern=r"^https?://[A-Za-z0-9.:\[\]-]+$",
        description="Of the page that shows the button; one that is registered for you.",
        examples=["https://shop.example"],
    )
    return_url: Annotated[str, Redacted] = Field(
        min_length=1,
        max_length=2_000,
        description="Where the traveler goes afterwards where no frame or window can be used; of a registered origin.",
        examples=["https://shop.example/thanks"],
    )
    locale: Locale = Field(default="en", description="The language of the checkout.", examples=["en"])
    customer_email: Annotated[str | None, Redacted] = Field(
        default=None,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,189}$",
        description="What you know of your customer, to spare them typing. They prove it by a code all the same.",
        examples=["ana@example.com"],
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> "OpenCheckout":
        if (self.offer is None) == (self.offer_id is None):
            raise ValueError("Give either `offer` or `offer_id`.")
        return self


class CheckoutRequest(Request):
    session_id: UUID = Field(description="The session's id.")


class TotalView(View):
    amount: str = Field(description="Decimal string with the currency's number of decimals.", examples=["412.30"])
    currency: str = Field(description="ISO 4217 code.", examples=["EUR"])

    @classmethod
    def of(cls, money: Money) -> "TotalView":
        return cls(amount=money.amount, currency=money.currency)


class CheckoutView(View):
    session_id: UUID
    status: CheckoutState = Field(
        description=(
            "`open`, `authenticated`, `ready`: the traveler has not said yes. `confirming`, `requires_action`: the "
            "booking is being made; wait. `completed`: booked. `failed`, `expired`, `canceled`: over."
        ),
        examples=["open"],
    )
    url: str = Field(description="The checkout's own page.", examples=["https://movmo.example/c/0198c0de-…"])
    origin: str = Field(examples=["https://shop.example"])
    locale: str = Field(examples=["en"])
    provider: str = Field(examples=["sandbox"])
    offer_id: UUID
    total: TotalView = Field(description="What the traveler was shown last.")
    quote_version: int = Field(description="Counts the prices that were shown.", examples=[1])
    booking_id: UUID | None = Field(default=None, description="Once completed.")
    record_locator: str | None = Field(default=None, description="The airline's PNR, once known.", examples=["BCDFGH"])
    failure_code: str | None = Field(default=None, description="Why it failed.", examples=["sold_out"])
    created_at: datetime
    expires_at: datetime = Field(description="Until when the traveler may say yes.")


class OpenedCheckout(CheckoutView):
    client_secret: Annotated[str, Redacted] = Field(description=SHOWN_ONCE, examples=["mvm_cs_…"])
