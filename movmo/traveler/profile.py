"""Who the traveler is, and how they like to travel."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from movmo.accounts.fields import Field, Form, read
from movmo.kit.errors import DomainError, Kind
from movmo.traveler.asking import ask
from movmo.traveler.programmes import PROGRAMMES, beside_rows, programmes_of, shown_programmes
from movmo.traveler.views import STATUSES, FormPage, TravelerPage

LANGUAGES = (("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español"), ("nl", "Nederlands"))
SEATS = (("", "No preference"), ("window", "Window"), ("aisle", "Aisle"))
CABINS = (
    ("", "No preference"),
    ("economy", "Economy"),
    ("premium_economy", "Premium economy"),
    ("business", "Business"),
    ("first", "First"),
)
TRUSTED = "Of the US Trusted Traveler programmes. Left masked, it stays as it is."
MEALS = (
    ("", "No special meal"),
    ("VGML", "Vegan"),
    ("VLML", "Vegetarian"),
    ("AVML", "Asian vegetarian"),
    ("HNML", "Hindu"),
    ("MOML", "Muslim"),
    ("KSML", "Kosher"),
    ("GFML", "Gluten-free"),
    ("DBML", "Diabetic"),
    ("NLML", "Low lactose"),
    ("CHML", "Child"),
)


class Profile(TravelerPage):
    template_name = "traveler/profile.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(
            profile=self.tell("get_user_profile"),
            locale=self.tell("get_locale_preferences"),
            travel=self.tell("get_travel_preferences"),
        )


class Names(FormPage):
    template_name = "traveler/form.html"
    operation = "update_user"
    success = "Your name was changed."
    fields = (
        Field("given_name", "Given name", autocomplete="given-name", empty=""),
        Field("family_name", "Family name", autocomplete="family-name", empty=""),
    )

    def initial(self) -> dict[str, Any]:
        return self.tell("get_user_profile")

    def to(self, view: dict[str, Any]) -> str:
        return reverse("traveler:profile")

    def context(self) -> dict[str, Any]:
        return {"title": "Your name", "back": reverse("traveler:profile")}


class Locale(FormPage):
    template_name = "traveler/form.html"
    operation = "upsert_locale_preferences"
    success = "Your language, country and currency were changed."
    fields = (
        Field("language", "Language", "select", required=True, options=LANGUAGES),
        Field(
            "country",
            "Country",
            required=True,
            hint="Two letters, such as NL.",
            longest=2,
            autocomplete="country",
            is_upper=True,
        ),
        Field("currency", "Currency", required=True, hint="Three letters, such as EUR.", longest=3, is_upper=True),
    )

    def initial(self) -> dict[str, Any]:
        return self.tell("get_locale_preferences")

    def to(self, view: dict[str, Any]) -> str:
        return reverse("traveler:profile")

    def context(self) -> dict[str, Any]:
        return {"title": "Language, country and currency", "back": reverse("traveler:profile")}


class Travel(FormPage):
    template_name = "traveler/form.html"
    operation = "upsert_travel_preferences"
    success = "Your travel preferences were changed."
    fields = (
        Field("seat", "Seat", "select", options=SEATS),
        Field("meal", "Meal", "select", options=MEALS),
        Field("cabin_class", "Cabin", "select", options=CABINS),
        *PROGRAMMES,
        Field("known_traveler_number", "Known traveler number", hint=TRUSTED),
    )

    def initial(self) -> dict[str, Any]:
        travel = self.tell("get_travel_preferences")
        return {**travel, **shown_programmes(travel)}

    def arguments(self, typed: dict[str, Any]) -> dict[str, Any]:
        return programmes_of(typed)

    def complaints(self, refusal: DomainError, typed: dict[str, Any]) -> Mapping[str, str]:
        return beside_rows(refusal.fields, typed)

    def to(self, view: dict[str, Any]) -> str:
        return reverse("traveler:profile")

    def context(self) -> dict[str, Any]:
        return {"title": "Travel preferences", "back": reverse("traveler:profile")}


class Contact(FormPage):
    """The first of two pages: where codes and notices shall go."""

    template_name = "traveler/form.html"
    operation = "initiate_contact_change"
    fields = (
        Field("email", "New e-mail address", "email", autocomplete="email", longest=254),
        Field("phone_number", "Or a new telephone number", "tel", autocomplete="tel", hint="+ and the country code."),
    )

    def to(self, view: dict[str, Any]) -> str:
        return reverse("traveler:contact_codes", args=[view["change_id"]])

    def context(self) -> dict[str, Any]:
        return {"title": "Change e-mail address or telephone", "back": reverse("traveler:profile"), "button": "Go on"}


class ContactCodes(TravelerPage):
    """The second: both codes at once."""

    template_name = "traveler/form.html"
    fields = (
        Field("identity_code", "Code from your present e-mail address", required=True, longest=6),
        Field("code", "Code from the new address", required=True, longest=6, autocomplete="one-time-code"),
    )

    def get(self, request: HttpRequest, change_id: Any) -> HttpResponse:
        return self._shown(Form(self.fields))

    def post(self, request: HttpRequest, change_id: Any) -> HttpResponse:
        sent = read(self.fields, request.POST)
        change = {"change_id": str(change_id)}
        form = Form(self.fields)
        try:
            proof = {**change, "identity_code": sent["identity_code"]}
            token = ask(request, "verify_contact_identity", proof).view.model_dump()["identity_token"]
            ask(request, "confirm_contact_change", {**change, "code": sent["code"], "identity_token": token})
        except DomainError as refusal:
            if refusal.kind is Kind.NOT_FOUND:
                raise
            form.refused(refusal)
            return self._shown(form, status=STATUSES.get(refusal.kind, 422))
        return self.done("Your contact details were changed.", reverse("traveler:profile"))

    def _shown(self, form: Form, status: int = 200) -> HttpResponse:
        return self.show(
            form=form,
            status=status,
            title="Enter both codes",
            back=reverse("traveler:contact"),
            lead="We sent one to your present e-mail address and one to the new one. They work for 15 minutes.",
        )
