"""The traveler says yes: to the price and with the card that they see. And asks what the offer costs now."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from checkout_widget.frame import standing
from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase import reviewing, security_code
from checkout_widget.frame.purchase.reviewing import Offer as OfferTold
from checkout_widget.frame.purchase.standing_by import elsewhere
from checkout_widget.session import confirming, services, steps
from checkout_widget.session.refusals import CheckoutNotOpen, QuoteChanged, SecurityCodeWanted
from checkout_widget.session.settling import CARD_GONE, SOLD_OUT
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock, http
from movmo.kit.errors import DomainError, revive
from movmo.kit.money import Money


class Confirm(FrameView):
    """POST says yes. Pressed twice, or sent again, it shows how the first one goes."""

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if steps.state_of(self.session, now=clock.now()) is not State.READY:
            return standing.shown(self)
        offer = reviewing.offer_of(self)
        card_id = request.POST.get("payment_method_id", "")
        if problem := self._problem(offer, card_id):
            return reviewing.shown(self, problem=problem, status=422, chosen=card_id)
        before = self.session.total
        try:
            confirming.confirm(
                self.session,
                quote_version=_number(request.POST.get("quote_version", "")),
                payment_method_id=UUID(card_id),
                request_id=self.caller.request_id,
            )
        except DomainError as refusal:
            return self._refused(refusal, before, offer, card_id)
        return self._after(before, offer, card_id)

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

    def _after(self, before: Money, offer: OfferTold, card_id: str) -> HttpResponse:
        """The airline may say only once it is asked to book that its price is another."""
        self.session.refresh_from_db()
        is_news = self.session.state == State.READY and self.session.total != before
        return self._price_changed(before, offer, card_id) if is_news else standing.shown(self)

    def _refused(self, refusal: DomainError, before: Money, offer: OfferTold, card_id: str) -> HttpResponse:
        self.session.refresh_from_db()
        if isinstance(refusal, CheckoutNotOpen) or self.session.state != State.READY:
            return standing.shown(self)  # of two at once, the other one goes on
        if isinstance(refusal, SecurityCodeWanted):
            return security_code.asked(self, offer, card_id)
        if isinstance(refusal, QuoteChanged) and self.session.total != before:
            return self._price_changed(before, offer, card_id)
        return _not_sold(self, refusal, chosen=card_id)

    def _price_changed(self, before: Money, offer: OfferTold, card_id: str) -> HttpResponse:
        cards = reviewing.cards_of(self)
        card = next((one for one in cards if str(one["payment_method_id"]) == card_id), None)
        return self.show(
            "price_changed", status=409, old=before, new=self.session.total, offer=offer, card=card, chosen=card_id
        )


class Offer(FrameView):
    """POST asks the airline for the price, and for more time."""

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        if shown := elsewhere(self):
            return shown
        before = self.session.total
        try:
            sold = services.renew(self.session, request_id=self.caller.request_id)
        except DomainError as refusal:
            return _not_sold(self, refusal)
        if self.session.total == before:
            return reviewing.shown(self)
        offer = {**sold["offer"], "dropped_services": sold["dropped_services"]}
        return self.show("price_changed", old=before, new=self.session.total, offer=offer, card=None, chosen="")


def _not_sold(view: FrameView, refusal: DomainError, *, chosen: str = "") -> HttpResponse:
    """Nothing was booked. An offer that is over is told as such by the review."""
    if refusal.code == SOLD_OUT:
        return view.show("sold_out", status=http.status_of(refusal), code=SOLD_OUT)
    named = {"failed": chosen} if refusal.code == CARD_GONE else {"chosen": chosen}
    return reviewing.shown(view, problem=refusal, status=http.status_of(refusal), **named)


def _number(text: str) -> int:
    """0 is the version of no quote."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
