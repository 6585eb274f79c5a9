"""What doors take and give while contact details change."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from movmo.accounts.contact import Email, PhoneNumber
from movmo.operations.context import Request, View
from movmo.operations.redaction import Redacted

Code = Annotated[str, Field(pattern=r"^[0-9]{6}$"), Redacted]
IdentityToken = Annotated[str, Field(min_length=20, max_length=100), Redacted]


class InitiateContactChange(Request):
    """One of the two."""

    email: Email | None = Field(default=None, description="The new e-mail address.", examples=["ana@example.org"])
    phone_number: PhoneNumber | None = Field(
        default=None, description="The new telephone in E.164 form, such as +4915112345678.", examples=[None]
    )

    @model_validator(mode="after")
    def _one_of_the_two(self) -> "InitiateContactChange":
        if (self.email is None) == (self.phone_number is None):
            raise ValueError("Give either a new `email` or a new `phone_number`.")
        return self


class VerifyIdentity(Request):
    change_id: UUID = Field(description="From initiate_contact_change.")
    identity_code: Code = Field(
        description="The six digits that were sent to the present e-mail address.", examples=["204881"]
    )


class ConfirmContactChange(Request):
    change_id: UUID = Field(description="From initiate_contact_change.")
    code: Code = Field(description="The six digits that were sent to the new address.", examples=["730196"])
    identity_token: IdentityToken = Field(
        description="From verify_contact_identity.", examples=["Yk3vJ8nQ0tWq2pX5rL9uZ1cB7mD4sFhG6aKe0iNoPdU"]
    )


class ContactChangeView(View):
    change_id: UUID
    kind: Literal["email", "phone_number"] = Field(examples=["email"])
    expires_at: datetime = Field(description="The change has to be confirmed by then.")


class IdentityView(View):
    change_id: UUID
    identity_token: str = Field(description="Proof of identity for the last step, good for five minutes.")
    expires_at: datetime
