"""Paying for a hold: the card first, by the id of the confirmation as its key, then the airline."""

from datetime import datetime
from typing import Any

import structlog

from bookings.booking import failures, paying, steps
from bookings.booking.amendment import saga
from bookings.booking.amendment.models import Amendment
from bookings.booking.amendment.refusals import AirlineRefused, HoldLapsed
from bookings.booking.amendment.saga import Outcome, Verdict
from bookings.booking.models import Booking
from bookings.booking.states import State
from bookings.booking.steps import Clock
from bookings.payment_method.vaults import registry as vaults
from bookings.payment_method.vaults.port import TokenUnknown, VaultFailure
from bookings.providers.errors import ProviderFailure, Refusal, Rejected
from bookings.providers.port import Provider
from bookings.providers.types import CardAnswer, CardStatus, OrderStatus, ProviderOrder
from movmo.kit.errors import DomainError
from movmo.kit.money import Money

log = structlog.get_logger()


class Confirmation:
    """How the airline is asked to take the money for a hold."""

    def prepare(self, amendment: Amendment, booking: Booking, *, clock: Clock) -> bool:
        """Whether the card has been approved, or none was named. Asks its bank, or asks it again."""
        card = booking.payment_method
        if card is None or booking.payment_status == CardStatus.APPROVED:
            return booking.state == State.CONFIRMING
        if not steps.lease_is_over(booking, now=clock()):
            return False
        is_first = paying.first_asks(booking)
        try:
            answer = paying.authorize(booking, card, key=amendment.id)
        except TokenUnknown as failure:
            log.info("payment.card_unknown", booking_id=str(booking.id), detail=str(failure))
            told = {"payment_status": ""} if is_first else {}
            _refuse(amendment, paying.card_lost(booking, is_first=is_first), now=clock(), **told)
            return False
        except (VaultFailure, ProviderFailure, vaults.NoSuchVault) as failure:
            log.warning("payment.unanswered", booking_id=str(booking.id), detail=str(failure))
            steps.pause(booking, now=clock(), since=amendment.created_at)
            return False
        return _written_down(amendment, answer, now=clock())

    def send(self, provider: Provider, amendment: Amendment, booking: Booking, *, now: datetime) -> ProviderOrder:
        total = Money(amendment.amount_minor or 0, booking.currency)
        return provider.confirm_hold(booking.order_id, total=total, now=now)

    def verdict(self, amendment: Amendment, order: ProviderOrder, *, is_answer: bool) -> Verdict:
        """An order that was cancelled with money back was paid for before."""
        is_paid = order.status is OrderStatus.CONFIRMED or (
            order.status is OrderStatus.CANCELLED and order.refund is not None and order.refund.minor > 0
        )
        return Verdict.DONE if is_paid else Verdict.NOT_DONE

    def done(self, amendment: Amendment, booking: Booking, order: ProviderOrder, *, now: datetime) -> Outcome:
        return saga.ended(booking, order, now=now) if order.status is OrderStatus.CANCELLED else Outcome()

    def refused(self, amendment: Amendment, booking: Booking, failure: Rejected, *, now: datetime) -> Outcome:
        if failure.refusal is Refusal.HOLD_LAPSED:
            return Outcome(failure=HoldLapsed.of(booking), state=State.LAPSED)
        if failure.refusal is Refusal.PAYMENT_DECLINED:
            return Outcome(failure=failures.PaymentDeclined())
        if failure.refusal is Refusal.PRICE_CHANGED and failure.new_total is not None:
            return _dearer(booking, failure.new_total)
        return Outcome(failure=AirlineRefused(provider=booking.provider))

    def not_sent(self, amendment: Amendment, failure: DomainError) -> Outcome:
        return Outcome(failure=failure)


def _dearer(booking: Booking, new_total: Money) -> Outcome:
    """The price is no longer guaranteed: from now on the hold costs what the airline says, and may be paid with it."""
    changes = {"total_minor": new_total.minor, "currency": new_total.currency}
    return Outcome(failure=failures.PriceChanged.between(booking.total, new_total), changes=changes)


def _refuse(amendment: Amendment, failure: DomainError, *, now: datetime, **changes: Any) -> None:
    outcome = Outcome(failure=failure, changes={"challenge_url": "", **changes})
    saga.close(amendment, outcome, now=now, reason=failure.code)


def _written_down(amendment: Amendment, answer: CardAnswer, *, now: datetime) -> bool:
    """The bank's answer, and whether the airline may be asked now."""
    booking = amendment.booking
    told: dict[str, Any] = {"payment_status": answer.status, "payment_reference": answer.reference}
    if answer.status is CardStatus.DECLINED:
        _refuse(amendment, failures.PaymentDeclined(decline_code=answer.decline_code), now=now, **told)
    elif booking.payment_required_by and booking.payment_required_by <= now:
        # Only with the bank's answer in hand: one that was lost may have been a yes, which has to be given back.
        _refuse(amendment, HoldLapsed.of(booking), now=now, **told)
    elif answer.status is not CardStatus.REQUIRES_ACTION:
        return _agreed(booking, now=now, **told)
    elif booking.state == State.REQUIRES_ACTION:
        steps.pause(booking, now=now)
    else:
        reason = "the bank asks the cardholder"
        steps.settle(booking, State.REQUIRES_ACTION, now=now, reason=reason, challenge_url=answer.challenge_url, **told)
    return False


def _agreed(booking: Booking, *, now: datetime, **told: Any) -> bool:
    if booking.state == State.REQUIRES_ACTION:
        reason = "the cardholder has agreed"
        after = steps.settle(booking, State.CONFIRMING, now=now, reason=reason, challenge_url="", **told)
    else:
        after = steps.note_facts(booking, now=now, reason="the bank has agreed", **told)
    return after.state == State.CONFIRMING and after.payment_status == CardStatus.APPROVED


saga.register(Amendment.Kind.CONFIRM_HOLD, Confirmation())
