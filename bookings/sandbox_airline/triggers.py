"""Routes and family names with a fixed outcome, so that every failure can be asked for over every door.

PVD-RAI needs no entry: the airline does not fly there, so nothing is found.
"""

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from bookings.providers.errors import OutcomeUnknown, Refusal, Rejected, Unavailable
from bookings.providers.types import OrderPassenger, SearchQuery
from bookings.sandbox_airline.fares import percentage
from movmo.kit.money import Money

SEARCH_TIMES_OUT = ("STN", "LHR")
HOLD_ONLY = ("JFK", "EWR")
NO_BAGS = ("BTS", "MRU")
NEEDS_DOCUMENTS = "SYD"  # from there or to there, a passport
RAISED_PERCENT = 110
REFUSED_CALLS = 2

PONDERS_FOR = timedelta(seconds=60)
TICKETS_AFTER = timedelta(minutes=30)
AFTERTHOUGHT = timedelta(minutes=2)
CHANGES_BACK_AFTER = timedelta(minutes=10)
DEBIT_MEMO_AFTER = timedelta(days=3)


class Trigger(StrEnum):
    """The family name of any passenger, in any case."""

    # The order is refused.
    SOLDOUT = "SOLDOUT"
    PRICEUP = "PRICEUP"
    EXPIRED = "EXPIRED"
    DECLINED = "DECLINED"
    # The answer does not come, or not at once.
    TIMEOUTBOOKED = "TIMEOUTBOOKED"
    TIMEOUTLOST = "TIMEOUTLOST"
    ERROR500BOOKED = "ERROR500BOOKED"
    ERROR502CLEAN = "ERROR502CLEAN"
    RATELIMIT = "RATELIMIT"
    DELAYED = "DELAYED"
    DELAYFAIL = "DELAYFAIL"
    NOTICKET = "NOTICKET"
    TWOPNRS = "TWOPNRS"
    # The airline changes its mind later.
    SCHEDULE = "SCHEDULE"
    SCHEDULEMINOR = "SCHEDULEMINOR"
    SCHEDULEBACK = "SCHEDULEBACK"
    CANCELAIR = "CANCELAIR"
    # Its books differ from ours.
    ADMLATER = "ADMLATER"
    MISSINGSTMT = "MISSINGSTMT"
    GHOST = "GHOST"
    AMOUNTOFF = "AMOUNTOFF"
    CURRSLIP = "CURRSLIP"
    DUPLINE = "DUPLINE"
    VOIDLOST = "VOIDLOST"
    REFUNDLOST = "REFUNDLOST"


REFUSED = {
    Trigger.SOLDOUT: Refusal.SOLD_OUT,
    Trigger.EXPIRED: Refusal.OFFER_EXPIRED,
}
# By how much the first slice leaves later.
DELAYS = {
    Trigger.SCHEDULE: timedelta(hours=3),
    Trigger.SCHEDULEBACK: timedelta(hours=3),
    Trigger.SCHEDULEMINOR: timedelta(minutes=10),
}


def of(passengers: Iterable[OrderPassenger]) -> Trigger | None:
    """The trigger of the first passenger who has one."""
    names = (passenger.family_name.strip().upper() for passenger in passengers)
    return next((Trigger(name) for name in names if name in Trigger.__members__), None)


def fail_search(query: SearchQuery) -> None:
    if any((part.origin, part.destination) == SEARCH_TIMES_OUT for part in query.slices):
        raise Unavailable("the search timed out, as this route promises")


def fail_before_the_order(trigger: Trigger | None) -> None:
    """The outcomes that leave no order behind."""
    if trigger is Trigger.TIMEOUTLOST:
        raise OutcomeUnknown("no answer, and no order was made")
    if trigger is Trigger.ERROR502CLEAN:
        raise Unavailable("502 order_not_created")
    if trigger in REFUSED:
        raise Rejected(REFUSED[trigger], f"a passenger is named {trigger}")


def fail_payment(trigger: str | None) -> None:
    """A hold is refused when it is paid for, any other order at once."""
    if trigger == Trigger.DECLINED:
        raise Rejected(Refusal.PAYMENT_DECLINED, f"a passenger is named {trigger}")


def fail_after_the_order(trigger: Trigger | None) -> None:
    """The outcomes that leave an order which the caller does not see."""
    if trigger is Trigger.TIMEOUTBOOKED:
        raise OutcomeUnknown("the order was made, the answer is lost")
    if trigger is Trigger.ERROR500BOOKED:
        raise OutcomeUnknown("500 although the order was made")


def current_total(offered: Money, trigger: str | None) -> Money:
    """What was offered at this price costs by now. An order that comes again at the raised total is accepted."""
    return percentage(offered, RAISED_PERCENT) if trigger == Trigger.PRICEUP else offered
