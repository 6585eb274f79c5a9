"""What the frame shows from the itinerary to the record locator, by the state of the session."""

from typing import Any

from django.http import HttpResponse

from checkout_widget import words
from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase import proofs, reviewing, trip
from checkout_widget.session.confirming import TOO_LATE
from checkout_widget.session.settling import DECLINED, OF_THE_PARTY, SOLD_OUT, STILL_SOLD
from checkout_widget.session.states import MOST_DECLINES
from movmo.kit.errors import DomainError

PAST_MENDING = STILL_SOLD | OF_THE_PARTY | {TOO_LATE}
"""A checkout that has failed by these had no time left for another try."""


def review(view: FrameView) -> HttpResponse:
    """Itinerary, passengers, card, total: whoever signed in chooses and says yes."""
    return reviewing.shown(view)


def processing(view: FrameView) -> HttpResponse:
    """The booking is being made, or its outcome is not known yet."""
    return view.show("processing")


def challenge(view: FrameView) -> HttpResponse:
    """The cardholder's bank asks, on a page of its own in a frame of this one."""
    attempt = view.session.attempts.order_by("-number").first()
    address = proofs.address_of(attempt) if attempt else ""
    if attempt is None or not address:
        return view.show("processing")
    return view.show("challenge", proof=proofs.made(view.session, attempt), address=address)


def completed(view: FrameView) -> HttpResponse:
    """Booked. Without names for a frame in which nobody has signed in."""
    booking = _booking(view) if _said_yes_here(view) else None
    return view.show(
        "completed",
        booking=booking,
        trip=trip.slices(booking["slices"], booking["passengers"]) if booking else [],
        record_locator=(booking and booking["record_locator"]) or view.session.record_locator,
    )


def failed(view: FrameView) -> HttpResponse:
    """It cannot be booked any more."""
    code = view.session.failure_code
    if code == SOLD_OUT:
        return view.show("sold_out")
    if code == DECLINED and view.session.declines >= MOST_DECLINES:
        return view.show("declined")
    return view.show("failed", code=code, text=words.of_ending(code) if code in PAST_MENDING else words.of_code(code))


def _said_yes_here(view: FrameView) -> bool:
    """Whether whoever said yes is signed in in this frame: a claim since then has signed nobody in."""
    made = view.session.attempts.filter(booking_id=view.session.booking_id).first()
    return made is not None and made.user_id == view.session.user_id


def _booking(view: FrameView) -> dict[str, Any] | None:
    """None where it is not told just now: what is known already is shown all the same."""
    try:
        return view.tell("get_booking", booking_id=str(view.session.booking_id))
    except DomainError:
        return None
