"""What the sandbox airline can do, and every outcome that can be asked of it."""

from datetime import timedelta

from bookings.providers.types import Capabilities

NOTES = """\
Deterministic and offline. Its own offers are booked once, and only as they were made; it also takes Duffel-shaped \
offers of other carriers.

Routes with a fixed outcome: PVD-RAI finds nothing, JFK-EWR can only be held, LHR-DXB connects, BTS-MRU has no bags, \
STN-LHR times out. From SYD and to it, passengers need a passport.

Family names with a fixed outcome, of any passenger and in any case:
- The order is refused: SOLDOUT, EXPIRED, DECLINED (a hold is refused when it is paid for), PRICEUP (a tenth more; a \
new price tells it beforehand, and a hold rises once its price guarantee has ended).
- The answer is lost: TIMEOUTBOOKED and ERROR500BOOKED with an order behind it, TIMEOUTLOST and ERROR502CLEAN without.
- The answer takes time: RATELIMIT (the first two orders of an offer are refused with "429, try later"), DELAYED \
(pending, confirmed after 60 seconds), DELAYFAIL (pending, failed after 60 seconds), NOTICKET (confirmed, tickets \
after 30 minutes).
- TWOPNRS: each slice of a journey has a record locator of its own.
- Two minutes after the confirmation: SCHEDULE (the first slice leaves three hours later), SCHEDULEMINOR (ten minutes \
later), SCHEDULEBACK (as SCHEDULE, and withdrawn ten minutes after the confirmation), CANCELAIR (the airline cancels \
and gives everything back).
- In the airline's statements: ADMLATER (a debit memo three days later), MISSINGSTMT (no line), GHOST (a sale that \
nobody made), AMOUNTOFF (1.00 more), CURRSLIP (another currency), DUPLINE (a line twice), and once the order is \
cancelled VOIDLOST and REFUNDLOST (it says nothing of that)."""

CAPABILITIES = Capabilities(
    provider="sandbox",
    name="Movmo Sandbox Air",
    type="built in",
    sandbox=True,
    bookable=True,
    search=True,
    holds=True,
    pricing_step=True,
    seat_map=True,
    max_passengers=9,
    max_connections=4,
    settle_window=timedelta(minutes=2),
    genders=("F", "M", "X", "U"),
    notes=NOTES,
    cancellation=True,
    schedule_changes=True,
    statements=True,
)
