"""What is being typed of a passenger, beside its fields: what the airline would take of it, and what not.

The rules are those of the saving, asked by an operation that keeps nothing. The script of the form gets sentences.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from checkout_widget import words, written
from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase import entering, passengers, reviewing
from checkout_widget.frame.purchase.standing_by import elsewhere
from movmo.accounts.fields import read
from movmo.kit.errors import DomainError, Kind

TICKETED = ("given_name", "family_name")
Told = dict[str, dict[str, str]]
"""By field: `text`, and `tone`, which is `bad`, `warn` or empty."""


class Check(FrameView):
    """POST of the form as it stands; nothing of it is kept. 204 once there is nothing to choose any more."""

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if elsewhere(self):
            return HttpResponse(status=204)
        offer = reviewing.offer_of(self)
        slot = passengers.slot_of(offer, request.POST.get("slot_id", ""))
        fields = entering.fields_for(offer, slot, only_document="only_document" in request.POST)
        typed = {name: str(value) for name, value in read(fields, request.POST).items() if value}
        sent = entering.apart(typed)
        try:
            found = self.tell("check_passenger", **self.session.offer_named, slot_id=str(slot["slot_id"]), **sent)
        except DomainError as refusal:
            if refusal.kind is not Kind.INVALID:
                raise
            return JsonResponse({entering.field_at(at): _bad(text) for at, text in words.of_pointers(refusal).items()})
        return JsonResponse(_told(found))


def _told(found: Mapping[str, Any]) -> Told:
    """A complaint goes before a warning, a warning before what is only good to know."""
    told = {name: _good(text) for name, text in _known(found).items()}
    for warning in found["warnings"]:
        told[entering.field_at(warning["pointer"])] = {"text": reviewing.warned(warning), "tone": "warn"}
    for complaint in found["complaints"]:
        told[entering.field_at(complaint["pointer"])] = _bad(words.of_complaint(complaint))
    return told


def _known(found: Mapping[str, Any]) -> dict[str, str]:
    names = {name: found[f"{name}_as_ticketed"] for name in TICKETED}
    told = {name: _("On the ticket: %(name)s") % {"name": text} for name, text in names.items() if text}
    if type_ := found["traveler_type"]:
        told["birth_date"] = _("On this trip: %(type)s") % {"type": written.traveler(type_)}
    return told


def _good(text: str) -> dict[str, str]:
    return {"text": text, "tone": ""}


def _bad(text: str) -> dict[str, str]:
    return {"text": text, "tone": "bad"}
