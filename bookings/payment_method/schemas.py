"""What doors take and give for cards. No field anywhere takes a card's number."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from movmo.operations.context import NoArguments, Request, View
from movmo.operations.redaction import Redacted

VaultToken = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{10,64}$"), Redacted]
Month = Annotated[int, Field(ge=1, le=12)]
Year = Annotated[int, Field(ge=2000, le=2099)]

DEFAULT = "Listed first, for the traveler to choose; a booking always names its card."


class OpenCardCapture(NoArguments):
    pass


class ListPaymentMethods(NoArguments):
    pass


class CreatePaymentMethod(Request):
    capture_id: UUID = Field(description="From open_card_capture; good for one card, for half an hour.")
    vault_token: VaultToken = Field(
        description="What the vault's hosted fields answered with. Never a card number.",
        examples=["VYpV9ENCpK1AZ9LJeDgKw3BjVNY"],
    )
    is_default: bool = Field(
        default=False,
        description=DEFAULT,
        examples=[True],
    )


class NamePaymentMethod(Request):
    payment_method_id: UUID = Field(description="From get_payment_methods.")


class UpdatePaymentMethod(NamePaymentMethod):
    """The whole of what can change of a card."""

    exp_month: Month = Field(description="Month of expiry, 1 to 12.", examples=[5])
    exp_year: Year = Field(description="Year of expiry, four digits.", examples=[2031])
    is_default: bool = Field(description=DEFAULT, examples=[True])


class CaptureView(View):
    """What a page needs to show the vault's card fields."""

    capture_id: UUID
    vault: str = Field(examples=["sandbox"])
    environment_key: str = Field(description="For the vault's script.", examples=["sandbox-environment"])
    script_url: str = Field(examples=["http://127.0.0.1:8001/iframe/iframe-v1.min.js"])


class SecurityCodeView(View):
    """What a page needs to let a kept card's security code be typed into the vault's own field."""

    payment_method_id: UUID
    is_held: bool = Field(description="The vault has a code that was typed lately: a payment takes it along.")
    vault: str = Field(examples=["sandbox"])
    environment_key: str = Field(description="For the vault's script.", examples=["sandbox-environment"])
    script_url: str = Field(examples=["http://127.0.0.1:8001/iframe/iframe-v1.min.js"])
    vault_token: VaultToken = Field(
        description="For the vault's script, which says by it whose code is typed.",
        examples=["VYpV9ENCpK1AZ9LJeDgKw3BjVNY"],
    )
    brand: str = Field(examples=["visa"])
    last4: str = Field(examples=["4242"])


class PaymentMethodView(View):
    payment_method_id: UUID
    brand: str = Field(examples=["visa"])
    last4: str = Field(examples=["4242"])
    exp_month: int = Field(examples=[5])
    exp_year: int = Field(examples=[2031])
    is_default: bool
    is_expired: bool
    is_test: bool = Field(description="A test card of the sandbox: it pays nothing.")


class PaymentMethodList(View):
    data: list[PaymentMethodView]


class PaymentMethodDeleted(View):
    payment_method_id: UUID
    deleted: bool = True
