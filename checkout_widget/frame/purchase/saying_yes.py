"""The traveler says yes: to the price and with the card that they see. And asks what the offer costs now."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from checkout_widget.frame import standing
from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase import reviewing, security_code
from checkout_widget.frame.purchase.reviewing import Offer as OfferTold
from checkout_widget.frame.purchase.standing_by import elsewhere
from checkout_widget.session import confirming, steps
from checkout_widget.session.refusals import CheckoutNotOpen, QuoteChanged, SecurityCodeWanted
from checkout_widget.session.settling import CARD_GONE, DROPPED, SOLD_OUT
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock, http
from movmo.kit.errors import DomainError, revive
from movmo.kit.money import Money


@dataclass(frozen=True, slots=True)
class Quote:
    """As it was before the airline was asked."""

    version: int
    total: Money
    offer: OfferTold

    def dropped(self, now: OfferTold) -> list[dict[str, Any]]:
        """What was chosen, and is not in the offer as it is now."""
        left = [_chosen(one) for one in now["selected_services"]]
        gone = []
        for one in self.offer["selected_services"]:
            if _chosen(one) in left:
                left.remove(_chosen(one))
            else:
                gone.append(one)
        return gone


def _chosen(service: dict[str, Any]) -> dict[str, Any]:
    """Without what changes at every reading."""
    return {name: value for name, value in service.items() if name not in ("service_id", "total")}


class Confirm(FrameView):
    """POST says yes. Pressed twice, or sent again, it shows how the first one goes."""

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if steps.state_of(self.session, now=clock.now()) is not State.READY:
            return standing.shown(self)
        offer = reviewing.offer_of(self)
        card_id = request.POST.get("payment_method_id", "")
        if problem := self._problem(offer, card_id):
            return reviewing.shown(self, problem=problem, status=422, chosen=card_id)
        before = Quote(self.session.quote_version, self.session.total, offer)
        try:
            confirming.confirm(
                self.session,
                quote_version=_number(request.POST.get("quote_version", "")),
                payment_method_id=UUID(card_id),
                request_id=self.caller.request_id,
            )
        except DomainError as refusal:
            return self._refused(refusal, before, card_id)
        return self._after(before, card_id)

    def _problem(self, offer: OfferTold, card_id: str) -> DomainError | str:
        """What can be mended here, before anything is asked of the airline: a refusal, or its code."""
        if card_id not in {str(card["payment_method_id"]) for card in reviewing.cards_of(self)}:
            return reviewing.NO_CARD
        people = [seat.person for seat in reviewing.seats_of(self, offer)]
        names = Counter(person["name_as_ticketed"] for person in people if person)
        if None in people:
            return "passenger_missing"
        name, times = names.most_common(1)[0]
        return revive("duplicate_name", {"name": name}) if times > 1 else ""

    def _after(self, before: Quote, card_id: str) -> HttpResponse:
        """The airline may say only once it is asked to book that its price is another."""
        self.session.refresh_from_db()
        return self._quote_changed(before, card_id) if self._is_another(before) else standing.shown(self)

    def _refused(self, refusal: DomainError, before: Quote, card_id: str) -> HttpResponse:
        self.session.refresh_from_db()
        if self._is_another(before):
            return self._quote_changed(before, card_id)
        if isinstance(refusal, CheckoutNotOpen) or self.session.state != State.READY:
            return standing.shown(self)  # of two at once, the other one goes on
        if isinstance(refusal, SecurityCodeWanted):
            return security_code.asked(self, before.offer, card_id)
        if isinstance(refusal, QuoteChanged) and self.session.failure_code == DROPPED:
            return reviewing.shown(self, problem=DROPPED, status=http.status_of(refusal), chosen=card_id)
        return _not_sold(self, refusal, chosen=card_id)

    def _is_another(self, before: Quote) -> bool:
        return self.session.state == State.READY and self.session.quote_version != before.version

    def _quote_changed(self, before: Quote, card_id: str) -> HttpResponse:
        offer, cards = reviewing.offer_of(self), reviewing.cards_of(self)
        card = next((one for one in cards if str(one["payment_method_id"]) == card_id), None)
        return _changed(self, before.total, offer, before.dropped(offer), status=409, card=card, chosen=card_id)


class Offer(FrameView):
    """POST asks the airline for the price, and for more time."""

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if shown := elsewhere(self):
            return shown
        version, old = self.session.quote_version, self.session.total
        try:
            sold = confirming.renew(self.session, request_id=self.caller.request_id)
        except DomainError as refusal:
            self.session.refresh_from_db()
            is_another = self.session.quote_version != version
            return standing.shown(self) if is_another else _not_sold(self, refusal)
        if self.session.quote_version == version:
            return reviewing.shown(self, is_fresh=True)
        return _changed(self, old, sold["offer"], sold["dropped_services"])


def _changed(
    view: FrameView,
    old: Money,
    offer: OfferTold,
    dropped: list[dict[str, Any]],
    *,
    status: int = 200,
    card: dict[str, Any] | None = None,
    chosen: str = "",
) -> HttpResponse:
    """What is asked now is another price than `old`, or the same for less."""
    return view.show(
        "price_changed",
        status=status,
        old=old,
        new=view.session.total,
        offer=offer,
        dropped=dropped,
        dropped_text=reviewing.dropped_in_words(),
        card=card,
        chosen=chosen,
    )


def _not_sold(view: FrameView, refusal: DomainError, *, chosen: str = "") -> HttpResponse:
    """Nothing was booked. An offer that is over is told as such by the review."""
    if refusal.code == SOLD_OUT:
        return view.show("sold_out", status=http.status_of(refusal), code=SOLD_OUT)
    chosen, failed = ("", chosen) if refusal.code == CARD_GONE else (chosen, "")
    return reviewing.shown(view, problem=refusal, status=http.status_of(refusal), chosen=chosen, failed=failed)


def _number(text: str) -> int:
    """0 is the version of no quote."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
