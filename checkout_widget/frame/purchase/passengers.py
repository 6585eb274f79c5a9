"""Who flies: a saved passenger is put on a slot, or a new one is saved and put there."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase import entering, reviewing
from checkout_widget.frame.purchase.reviewing import Offer
from checkout_widget.frame.purchase.standing_by import elsewhere
from checkout_widget.session import services
from movmo.accounts.fields import Form, read
from movmo.kit import clock, http
from movmo.kit.errors import DomainError, Kind, NotFound
from movmo.kit.ids import new_id

NEEDS_DOCUMENT = frozenset({"document_missing", "document_type_unsupported", "document_expired"})


class Slots(FrameView):
    """POST puts a saved passenger on a slot; GET opens a slot, to put another one there."""

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return elsewhere(self) or reviewing.shown(self, changing=request.GET.get("slot_id", ""))

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if shown := elsewhere(self):
            return shown
        slot_id, passenger_id = request.POST.get("slot_id", ""), request.POST.get("passenger_id", "")
        try:
            seat(self, slot_id=slot_id, passenger_id=passenger_id)
        except DomainError as refusal:
            if refusal.code in NEEDS_DOCUMENT:
                return _document_asked(self, slot_id, passenger_id, refusal)
            return reviewing.shown(self, problem=refusal, status=http.status_of(refusal), changing=slot_id)
        return reviewing.shown(self)


class Passengers(FrameView):
    """GET is the form of a new passenger for a slot; POST saves them, and what was typed of their document."""

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if shown := elsewhere(self):
            return shown
        offer = reviewing.offer_of(self)
        slot = slot_of(offer, request.GET.get("slot_id", ""))
        return _form(self, slot, Form(entering.fields_for(offer, slot)))

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if shown := elsewhere(self):
            return shown
        offer = reviewing.offer_of(self)
        slot = slot_of(offer, request.POST.get("slot_id", ""))
        is_known = "only_document" in request.POST
        fields = entering.fields_for(offer, slot, only_document=is_known)
        key = request.POST.get("key") or str(new_id())
        entry = entering.Entry(read(fields, request.POST), request.POST.get("passenger_id", ""), key)
        form = Form(fields, entry.typed)
        again: dict[str, Any] = {"passenger_id": entry.passenger_id, "only_document": is_known}
        try:
            self._save(entry, offer, slot, is_known=is_known)
        except DomainError as refusal:
            form.refused(refusal, entry.complaints(refusal))
            problem = "" if form.errors else refusal
            again = {**again, "passenger_id": entry.passenger_id, "key": entry.key if refusal.retryable else ""}
            return _form(self, slot, form, **again, problem=problem, status=http.status_of(refusal))
        return reviewing.shown(self)

    def _save(self, entry: entering.Entry, offer: Offer, slot: dict[str, Any], *, is_known: bool) -> None:
        """Raises what the operations refuse."""
        if not is_known:
            entry.save_person(self)
        if entering.needs_document(offer):
            entry.save_document(self)
        seat(self, slot_id=str(slot["slot_id"]), passenger_id=entry.passenger_id)


def seat(view: FrameView, *, slot_id: str, passenger_id: str) -> None:
    """Put the passenger on the slot. Raises what update_passenger refuses, or CheckoutNotOpen."""
    session = view.session
    answer = view.ask("update_passenger", {**session.offer_named, "slot_id": slot_id, "passenger_id": passenger_id})
    services.settle_party(session, answer.view.model_dump(), now=clock.now())


def slot_of(offer: Offer, slot_id: str) -> dict[str, Any]:
    """Raises NotFound."""
    for slot in offer["passengers"]:
        if str(slot["slot_id"]) == slot_id:
            found: dict[str, Any] = slot
            return found
    raise NotFound("slot")


def _document_asked(view: FrameView, slot_id: str, passenger_id: str, refusal: DomainError) -> HttpResponse:
    """The passenger is known, and the trip needs a document of them."""
    offer = reviewing.offer_of(view)
    slot = slot_of(offer, slot_id)
    form = Form(entering.fields_for(offer, slot, only_document=True))
    again: dict[str, Any] = {"passenger_id": passenger_id, "only_document": True}
    return _form(view, slot, form, **again, problem=refusal, status=http.status_of(refusal))


def _form(
    view: FrameView,
    slot: dict[str, Any],
    form: Form,
    *,
    status: int = 200,
    passenger_id: str = "",
    key: str = "",
    only_document: bool = False,
    problem: DomainError | str = "",
) -> HttpResponse:
    """`key` is that of a post whose answer was lost; any other form has its own, so that sent twice is once."""
    person = _known(view, passenger_id) if only_document else None
    return view.show(
        "passenger",
        status=status,
        form=form,
        slot=slot,
        key=key or str(new_id()),
        passenger_id=passenger_id,
        only_document=only_document,
        person=person,
        problem=problem,
    )


def _known(view: FrameView, passenger_id: str) -> dict[str, Any] | None:
    try:
        return view.tell("get_passenger", passenger_id=passenger_id)
    except DomainError as refusal:
        if refusal.kind in (Kind.NOT_FOUND, Kind.INVALID):
            raise NotFound("passenger") from None
        raise
