"""What doors take and give for a traveler's own profile."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from movmo.accounts.contact import PersonName
from movmo.accounts.preferences.schemas import PreferencesView
from movmo.operations.context import NoArguments, Request, View


class GetProfile(NoArguments):
    pass


class ReplaceProfile(Request):
    given_name: PersonName = Field(
        description="As the traveler wants to be called; may be empty.", examples=["Ana María"]
    )
    family_name: PersonName = Field(description="May be empty.", examples=["Müller"])


class ProfileView(View):
    user_id: UUID
    email: str = Field(description="Where sign-in codes go.", examples=["ana@example.com"])
    phone_number: str | None = Field(default=None, examples=["+4915112345678"])
    given_name: str = Field(examples=["Ana María"])
    family_name: str = Field(examples=["Müller"])
    preferences: PreferencesView = Field(
        description="Language, country and currency to speak and show prices in; preferred seat, meal and cabin."
    )
    created_at: datetime
