"""The traveler's cards. The number is typed into the vault's own fields and comes nowhere near this server."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from movmo.accounts.fields import Field, Form, for_people
from movmo.kit.errors import DomainError
from movmo.kit.ids import new_id
from movmo.traveler.asking import ask
from movmo.traveler.views import STATUSES, FormPage, TravelerPage

RESENT = ("key", "capture_id", "vault_token", "is_default")


class Cards(TravelerPage):
    template_name = "traveler/cards.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(**self.tell("get_payment_methods"))


class NewCard(TravelerPage):
    """Opens a capture and shows the vault's fields; what comes back is a token."""

    template_name = "traveler/card_new.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._shown()

    def post(self, request: HttpRequest) -> HttpResponse:
        sent = {
            "capture_id": request.POST.get("capture_id", ""),
            "vault_token": request.POST.get("vault_token", ""),
            "is_default": "is_default" in request.POST,
        }
        try:
            ask(request, "create_payment_method", sent, request.POST.get("key"))
        except DomainError as refusal:
            if refusal.retryable:
                return self._again(refusal)
            return self._shown(failure=for_people(refusal), status=STATUSES.get(refusal.kind, 422))
        return self.done("The card is kept by the vault.", reverse("traveler:cards"))

    def _again(self, refusal: DomainError) -> HttpResponse:
        """The same token with the same key: what may have been done already is not done twice."""
        sent = {name: value for name, value in self.request.POST.items() if name in RESENT}
        context = {"sent": sent, "failure": for_people(refusal)}
        return render(self.request, "traveler/card_again.html", context, status=STATUSES.get(refusal.kind, 422))

    def _shown(self, *, failure: str = "", status: int = 200) -> HttpResponse:
        capture = ask(self.request, "open_card_capture", {}).view.model_dump()
        response = self.show(capture=capture, key=str(new_id()), failure=failure, status=status)
        return _open_to(response, capture["script_url"])


def _open_to(response: HttpResponse, script_url: str) -> HttpResponse:
    """Let this one page load the vault's script and frame its fields."""
    parts = urlsplit(script_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    response._csp_update = {"script-src": [origin], "frame-src": [origin]}  # type: ignore[attr-defined]
    return response


class Card(FormPage):
    template_name = "traveler/card.html"
    operation = "update_payment_method"
    success = "The card was changed."
    fields = (
        Field(
            "exp_month",
            "Month of expiry",
            "number",
            required=True,
            hint="1 to 12.",
            longest=2,
            autocomplete="cc-exp-month",
        ),
        Field("exp_year", "Year of expiry", "number", required=True, longest=4, autocomplete="cc-exp-year"),
        Field("is_default", "Show this card first", "checkbox"),
    )

    def initial(self) -> dict[str, Any]:
        return self._card()

    def post(self, request: HttpRequest, **path: UUID) -> HttpResponse:
        if request.POST.get("action") != "delete":
            return super().post(request, **path)
        try:
            ask(request, "delete_payment_method", self.named())
        except DomainError as refusal:
            form = Form(self.fields, self._card())
            form.refused(refusal)
            return self.shown(form, status=STATUSES.get(refusal.kind, 422))
        return self.done("The card is deleted.", reverse("traveler:cards"))

    def to(self, view: dict[str, Any]) -> str:
        return reverse("traveler:cards")

    def context(self) -> dict[str, Any]:
        return {"card": self._card(), "back": reverse("traveler:cards")}

    def _card(self) -> dict[str, Any]:
        return self.tell("get_payment_method", **self.named())
