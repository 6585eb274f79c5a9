"""The people a traveler books for, and their documents."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from movmo.accounts.fields import Field
from movmo.kit.errors import DomainError
from movmo.traveler.asking import ask
from movmo.traveler.programmes import PROGRAMMES, beside_rows, programmes_of, shown_programmes
from movmo.traveler.views import FormPage, TravelerPage

GENDERS = (("F", "Female"), ("M", "Male"), ("X", "Unspecified (X)"), ("U", "I would rather not say"))
TYPES = (
    ("passport", "Passport"),
    ("national_id", "National identity card"),
    ("visa", "Visa"),
    ("known_traveler", "Known traveler number"),
    ("redress", "Redress number"),
)
AS_PRINTED = "Exactly as in the travel document."


class Passengers(TravelerPage):
    template_name = "traveler/passengers.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        arguments = {"limit": 20, **({"cursor": cursor} if (cursor := request.GET.get("cursor")) else {})}
        return self.show(**self.tell("get_passengers_profile", **arguments))


class PassengerForm(FormPage):
    template_name = "traveler/form.html"
    fields = (
        Field("given_name", "Given names", required=True, hint=AS_PRINTED),
        Field("family_name", "Family name", required=True, hint=AS_PRINTED),
        Field("birth_date", "Date of birth", "date", required=True),
        Field("gender", "Gender", "select", required=True, options=GENDERS),
        Field("nationality", "Nationality", hint="Two letters, such as NL.", longest=2, is_upper=True),
        Field("email", "E-mail address", "email", hint="Where the airline may write to.", longest=254),
        Field("phone_number", "Telephone", "tel", hint="+ and the country code."),
        *PROGRAMMES,
    )

    def arguments(self, typed: dict[str, Any]) -> dict[str, Any]:
        return programmes_of(typed)

    def complaints(self, refusal: DomainError, typed: dict[str, Any]) -> Mapping[str, str]:
        return beside_rows(refusal.fields, typed)

    def to(self, view: dict[str, Any]) -> str:
        return reverse("traveler:passenger", args=[view["passenger_id"]])


class NewPassenger(PassengerForm):
    operation = "create_passenger_profile"
    success = "The passenger is saved."

    def context(self) -> dict[str, Any]:
        return {"title": "Add a passenger", "back": reverse("traveler:passengers")}


class EditPassenger(PassengerForm):
    operation = "update_passenger_profile"
    success = "The passenger was changed. Bookings already made stay as they are."

    def initial(self) -> dict[str, Any]:
        person = self.tell("get_passenger", **self.named())
        return {**person, **shown_programmes(person), "birth_date": person["birth_date"].isoformat()}

    def context(self) -> dict[str, Any]:
        return {"title": "Change a passenger", "back": reverse("traveler:passenger", kwargs=self.kwargs)}


class Passenger(TravelerPage):
    """One person, their documents, and the way to delete them."""

    template_name = "traveler/passenger.html"

    def get(self, request: HttpRequest, passenger_id: UUID) -> HttpResponse:
        return self.show(person=self.tell("get_passenger", passenger_id=str(passenger_id)))

    def post(self, request: HttpRequest, passenger_id: UUID) -> HttpResponse:
        ask(request, "delete_passenger_profile", {"passenger_id": str(passenger_id)})
        return self.done("The passenger is deleted. Bookings keep them.", reverse("traveler:passengers"))


class DocumentForm(FormPage):
    template_name = "traveler/form.html"
    fields = (
        Field("type", "Type", "select", required=True, options=TYPES),
        Field(
            "number", "Number", required=True, hint="Capital letters and digits, as printed.", longest=30, is_upper=True
        ),
        Field("issuing_country", "Issued by", required=True, hint="Two letters, such as NL.", longest=2, is_upper=True),
        Field("issued_on", "Issued on", "date"),
        Field("expires_on", "Valid until", "date", hint="Not for known traveler and redress numbers."),
    )

    def to(self, view: dict[str, Any]) -> str:
        return reverse("traveler:passenger", args=[view["passenger_id"]])


class NewDocument(DocumentForm):
    operation = "create_identity_document"
    success = "The document is kept, encrypted."

    def context(self) -> dict[str, Any]:
        person = self.tell("get_passenger", **self.named())
        lead = f"Of {person['given_name']} {person['family_name']}. It is encrypted, and shown in full to you only."
        return {"title": "Add a document", "lead": lead, "back": reverse("traveler:passenger", kwargs=self.kwargs)}


class EditDocument(DocumentForm):
    """In full: each look is written down."""

    template_name = "traveler/document.html"
    operation = "replace_identity_document"
    success = "The document was changed."

    def initial(self) -> dict[str, Any]:
        document = self.tell("get_identity_document", **self.named())
        days = {name: document[name] and document[name].isoformat() for name in ("issued_on", "expires_on")}
        return {**document, **days, "type": document["type"].value}

    def post(self, request: HttpRequest, **path: UUID) -> HttpResponse:
        if request.POST.get("action") != "delete":
            return super().post(request, **path)
        ask(request, "delete_identity_document", self.named())
        return self.done("The document is deleted.", self.to({"passenger_id": path["passenger_id"]}))

    def context(self) -> dict[str, Any]:
        back = reverse("traveler:passenger", args=[self.kwargs["passenger_id"]])
        return {"title": "Identity document", "back": back}
