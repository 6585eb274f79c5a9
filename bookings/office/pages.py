"""The page behind each action: it explains and asks why, and does it when the clerk has said so.

A cancellation has one page more: the airline's terms stand between the reason and the deed, and a quote is good once.
"""

from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from bookings.booking.models import Booking
from bookings.cancellation.schemas import CancellationQuoteView
from bookings.cancellation.words import refund_to
from bookings.office import services
from bookings.office.actions import Action
from movmo.kit.errors import InvalidArguments
from movmo.operations.admin import as_uuid
from movmo.operations.reasons import LONGEST, REASON, SHORTEST, reason_of

CONFLICT = 409


class ActionPage:
    def __init__(self, site: AdminSite, request: HttpRequest, booking: Booking, action: Action) -> None:
        self._site, self._request, self._booking, self._action = site, request, booking, action

    def answer(self) -> HttpResponse | str:
        """A page, or the sentence that says what was done."""
        if self._request.method != "POST":
            return self._page()
        typed = self._request.POST.get("reason", "")
        try:
            reason = reason_of(typed)
        except InvalidArguments as refusal:
            return self._page(problem=refusal.fields[REASON], typed=typed[:LONGEST], status=422)
        try:
            return self._done(reason)
        except services.NotNow as refusal:
            return self._page(problem=str(refusal), typed=reason, status=CONFLICT)

    def _done(self, reason: str) -> HttpResponse | str:
        clerk: Any = self._request.user
        if self._action.run is not None:
            return self._action.run(self._booking.pk, by=clerk.pk, reason=reason)
        quote_id: UUID | None = as_uuid(self._request.POST.get("quote", ""))
        if quote_id is not None:
            return services.cancel(self._booking.pk, quote_id=quote_id, by=clerk.pk, reason=reason)
        return self._page(quote=services.quote(self._booking.pk, by=clerk.pk, reason=reason), typed=reason)

    def _page(
        self, *, quote: CancellationQuoteView | None = None, problem: str = "", typed: str = "", status: int = 200
    ) -> HttpResponse:
        context = {
            **self._site.each_context(self._request),
            "title": self._action.title,
            "opts": Booking._meta,
            "action": self._action,
            "booking": self._booking,
            "quote": quote,
            "refund_to": refund_to(quote.refund_to or "") if quote else "",
            "problem": problem,
            "typed": typed,
            "shortest": SHORTEST,
            "longest": LONGEST,
            "back": reverse("admin:bookings_booking_change", args=[self._booking.pk]),
        }
        return render(self._request, "admin/bookings/booking/action.html", context, status=status)
