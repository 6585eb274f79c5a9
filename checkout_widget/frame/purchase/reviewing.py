"""The review: the itinerary, who flies, which card pays, and the one button that says yes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext, ngettext

from checkout_widget import words
from checkout_widget.frame.access import FrameView
from checkout_widget.frame.purchase import trip
from checkout_widget.session import confirming, services
from checkout_widget.session.models import CheckoutSession
from checkout_widget.session.settling import CARD_GONE, DECLINED, DROPPED
from checkout_widget.session.states import MOST_DECLINES
from checkout_widget.session.states import CheckoutState as State
from movmo.kit import clock
from movmo.kit.errors import DomainError, Kind
from movmo.kit.money import Money

SANDBOX = "sandbox"
NO_CARD, ENDS_SOON = "card_not_chosen", "document_ends_soon"
CARD_FAILED = frozenset({DECLINED, CARD_GONE})
"""The card of such a yes is not ticked for another one."""
ANOTHER_CARD = CARD_FAILED | {NO_CARD, "card_expired", "card_not_for_provider"}
MOST_PAGES = 5
NEARLY_OVER = timedelta(minutes=2)
AS = {"INS": "INF"}  # a person of this age is told as INF; whether they have a seat, the slot says

Offer = dict[str, Any]
Person = dict[str, Any]


@dataclass(slots=True)
class Seat:
    """One slot of the offer: who is on it, and who else may be."""

    slot: dict[str, Any]
    number: int
    person: Person | None = None
    choices: list[Person] = field(default_factory=list)
    is_open: bool = False
    warning: str = ""


def offer_of(view: FrameView) -> Offer:
    """Raises NotFound where another traveler has taken the offer."""
    return view.tell("get_offer_details", **view.session.offer_named)


def _offer_seen(view: FrameView) -> Offer | None:
    """None where another traveler has taken it."""
    try:
        return offer_of(view)
    except DomainError as refusal:
        if refusal.kind is not Kind.NOT_FOUND:
            raise
        return None


def shown(
    view: FrameView,
    *,
    problem: DomainError | str = "",
    status: int = 200,
    chosen: str = "",
    changing: str = "",
    failed: str = "",
    is_fresh: bool = False,
) -> HttpResponse:
    """`problem` is a refusal or its code. `chosen` is the id of the card that is ticked, `failed` of one that is not to
    be, `changing` that of the slot whose passenger is about to be changed. `is_fresh`: the price was asked for in this
    request, so that it is shown however soon it runs out."""
    if (offer := _offer_seen(view)) is None:
        return view.show("offer_expired", status=409, reason="taken")
    if offer["status"] != "active":
        return view.show("offer_expired", status=409, reason=str(offer["status"]), offer=offer)
    _find_party(view, offer)
    left = _seconds_left(view, offer)
    problem = problem or view.session.failure_code
    if left <= 0 and not is_fresh:
        return _running_out(view, offer, problem, status=status)
    seats, cards = seats_of(view, offer, changing=changing), cards_of(view)
    return view.show(
        "review",
        status=status,
        problem=_in_words(problem, declines=view.session.declines),
        offer=offer,
        trip=trip.slices(offer["slices"], offer["passengers"]),
        seats=seats,
        cards=cards,
        chosen=chosen or _ticked(cards, view.session, failed),
        needs_card=_code(problem) in ANOTHER_CARD,
        is_ready=view.session.state == State.READY and all(seat.person for seat in seats),
        total=view.session.total,
        has_lines=offer["total"]["amount"] == view.session.total.amount,
        levies=_levies(offer),
        seconds_left=left if left > 0 and may_be_prolonged(view) else None,
    )


def _running_out(view: FrameView, offer: Offer, problem: DomainError | str, *, status: int) -> HttpResponse:
    """That nothing was booked is not said where the same offer is bought in another checkout."""
    text = _in_words(confirming.elsewhere(view.session) or problem, declines=view.session.declines)
    return view.show("offer_expired", status=status, can_refresh=True, offer=offer, problem=text)


def _ticked(cards: list[dict[str, Any]], session: CheckoutSession, failed: str) -> str:
    """The card of the last yes; one that has just failed is for the traveler to choose. Empty if there is no other."""
    before = str(session.payment_method_id)
    if session.failure_code in CARD_FAILED:
        failed = failed or before
    ids = sorted((str(card["payment_method_id"]) for card in cards), key=lambda one: one != before)
    return next((one for one in ids if one != failed), "")


def _code(problem: DomainError | str) -> str:
    return problem if isinstance(problem, str) else problem.code


def may_be_prolonged(view: FrameView) -> bool:
    """By a refreshed offer: not beyond what a session may live at most."""
    return view.session.expires_at < view.session.created_at + services.LIFE


def _seconds_left(view: FrameView, offer: Offer) -> int:
    """Until the price should be refreshed: 0 once that is so, and never where refreshing would win no time."""
    if not may_be_prolonged(view):
        return 1
    until = min(view.session.expires_at, offer["expires_at"]) - NEARLY_OVER
    return max(0, int((until - clock.now()).total_seconds()))


def _levies(offer: Offer) -> Money:
    return Money.parse(**offer["tax"]) + Money.parse(**offer["fees"])


def _in_words(problem: DomainError | str, *, declines: int) -> str:
    if not isinstance(problem, str):
        return words.of(problem)
    if problem == NO_CARD:
        return gettext("Choose the card that pays. Nothing was booked and no money moved.")
    if problem == DROPPED:
        return dropped_in_words()
    text = words.of_code(problem)
    if problem and not text:
        return gettext("That did not work. Nothing was booked and no money moved. Look at everything again.")
    if problem != DECLINED:
        return text
    left = MOST_DECLINES - declines
    more = ngettext("You can try %(left)d more time.", "You can try %(left)d more times.", left) % {"left": left}
    return f"{text} {more}"


def dropped_in_words() -> str:
    return gettext(
        "Something that you chose is not sold any more. Nothing was booked and no money moved. You can still book the "
        "flight without it."
    )


def _find_party(view: FrameView, offer: Offer) -> None:
    """Whoever comes back finds the passengers that they had put on the slots."""
    if view.session.state == State.AUTHENTICATED:
        services.settle_party(view.session, offer, now=clock.now())


def seats_of(view: FrameView, offer: Offer, *, changing: str = "") -> list[Seat]:
    people = {person["passenger_id"]: person for person in _people(view, offer)}
    taken = {slot["passenger_id"] for slot in offer["passengers"]}
    warnings = {warning["slot_id"]: warned(warning) for warning in offer["warnings"]}
    seats = []
    for number, slot in enumerate(offer["passengers"], start=1):
        kind = str(slot["type"])
        seat = Seat(slot, number, _on(slot["passenger_id"], people), warning=warnings.get(slot["slot_id"], ""))
        seat.is_open = seat.person is None or str(slot["slot_id"]) == changing
        seat.choices = [one for one in _fitting(people.values(), kind) if one["passenger_id"] not in taken]
        seats.append(seat)
    return seats


def warned(warning: dict[str, Any]) -> str:
    if warning["code"] == ENDS_SOON:
        return gettext("The document ends less than six months after the trip: some countries refuse it.")
    return words.of_code(warning["code"]) or str(warning["message"])


def _people(view: FrameView, offer: Offer) -> list[Person]:
    """Those whom the traveler has saved, with their type on the first departure."""
    day = offer["slices"][0]["segments"][0]["departing"]["local"].date()
    found: list[Person] = []
    cursor: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = view.tell("get_passengers_profile", departure_date=day.isoformat(), limit=100, **cursor)
        found += page["data"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    return found


def _fitting(people: Iterable[Person], kind: str) -> list[Person]:
    return [person for person in people if str(person["traveler_type"]) == AS.get(kind, kind)]


def _on(passenger_id: UUID | None, people: dict[UUID, Person]) -> Person | None:
    """None for a slot that is empty, or whose passenger was deleted since."""
    return people.get(passenger_id) if passenger_id else None


def cards_of(view: FrameView) -> list[dict[str, Any]]:
    """Those that pay at this provider: test cards at the sandbox, all others elsewhere."""
    kept = view.tell("get_payment_methods")["data"]
    is_sandbox = view.session.provider == SANDBOX
    return [card for card in kept if card["is_test"] == is_sandbox and not card["is_expired"]]
