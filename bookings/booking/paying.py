"""The card's part of the saga: it goes to the airline through its vault, before the order does.

The booking's id is the key of the authorization, so asking again tells the same one: nobody is charged twice. A hold is
paid for later, with the id of its confirmation as key (hold.saga). Two workers that ask at once hear the same, and one
of them writes it down. What was approved for a booking that failed is given back, and only what the bank says it gave
back was. While the bank has not been heard, the booking waits, past its offer's end if need be.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import structlog

from bookings.booking import failures, steps
from bookings.booking.models import HELD_MONEY, Booking
from bookings.booking.ordering import order_request
from bookings.booking.owing import is_to_be_given_back
from bookings.booking.provider_call import calling
from bookings.booking.states import UNPAID, State
from bookings.booking.steps import Clock
from bookings.offer.services import stale
from bookings.payment_method.models import PaymentMethod
from bookings.payment_method.vaults import registry as vaults
from bookings.payment_method.vaults.port import TokenUnknown, Vault, VaultFailure
from bookings.providers import registry
from bookings.providers.errors import OutcomeUnknown, ProviderFailure
from bookings.providers.port import Provider
from bookings.providers.types import CardAnswer, CardRequest, CardStatus
from movmo.kit.errors import DomainError

log = structlog.get_logger()

LONGEST_REFERENCE, LONGEST_URL = 100, 500


def may_be_submitted(booking: Booking) -> bool:
    """Reserved, and paid for where a card was named."""
    is_paid = booking.payment_method_id is None or booking.payment_status == CardStatus.APPROVED
    return booking.state == State.RESERVED and is_paid


def pay(booking: Booking, *, clock: Clock) -> Booking:
    """Ask the airline's bank, or ask it again. Returns the booking as it stands; no order leaves here."""
    if booking.state not in UNPAID or booking.payment_method is None or may_be_submitted(booking):
        return booking
    if booking.order_id:
        return booking  # a held order: its confirmation asks
    if not steps.lease_is_over(booking, now=clock()):
        return booking
    is_first = first_asks(booking)
    try:
        answer = authorize(booking, booking.payment_method, key=booking.id)
    except TokenUnknown as failure:
        told = {"payment_status": ""} if is_first else {}
        return steps.fail(booking, card_lost(booking, is_first=is_first), now=clock(), detail=failure.detail, **told)
    except (VaultFailure, ProviderFailure, vaults.NoSuchVault) as failure:
        log.warning("payment.unanswered", booking_id=str(booking.id), detail=str(failure))
        return steps.pause(booking, now=clock())
    return _written_down(booking, answer, clock=clock)


def first_asks(booking: Booking) -> bool:
    """Written down before the bank is asked. False where it may have been asked before, and was not heard."""
    unasked = Booking.objects.filter(pk=booking.pk, payment_status="")
    return bool(unasked.update(payment_status=CardStatus.UNANSWERED))


def card_lost(booking: Booking, *, is_first: bool) -> DomainError:
    """The vault has the card no more. Asked before, the bank may have said yes, and nothing can ask it again."""
    if is_first:
        return failures.CardGone()
    log.error("payment.unanswered_for_good", booking_id=str(booking.id))
    return failures.PaymentUnanswered()


def authorize(booking: Booking, card: PaymentMethod, *, key: UUID) -> CardAnswer:
    """The same key tells the same authorization. Raises VaultFailure, NoSuchVault or ProviderFailure."""
    provider = registry.provider(booking.provider)
    vault: Vault = vaults.vault(card.vault)
    request = provider.card_request(
        replace(order_request(booking), client_reference=str(key)),
        vault_url=vault.form_access().frame_origin,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
    )
    asked = {"client_reference": str(key), "total": str(booking.total)}
    answer = calling.recorded(
        booking, "authorize_card", asked, lambda: _delivered(provider, vault, card, request, key=str(key))
    )
    return _checked(answer)


def _delivered(provider: Provider, vault: Vault, card: PaymentMethod, request: CardRequest, *, key: str) -> CardAnswer:
    delivered = vault.deliver(card.token or "", url=request.url, template=request.template, idempotency_key=key)
    return provider.read_card_answer(delivered.status, delivered.body)


def _checked(answer: CardAnswer) -> CardAnswer:
    """What comes from outside is kept, and shown as a link. Raises OutcomeUnknown for what cannot be."""
    if not 1 <= len(answer.reference) <= LONGEST_REFERENCE:
        raise OutcomeUnknown("the authorization has no reference that can be kept")
    asks = answer.status is CardStatus.REQUIRES_ACTION
    if asks and (len(answer.challenge_url) > LONGEST_URL or not _is_web_address(answer.challenge_url)):
        raise OutcomeUnknown("the bank asks, at an address that cannot be shown")
    return answer


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.netloc)


def _written_down(booking: Booking, answer: CardAnswer, *, clock: Clock) -> Booking:
    now = clock()
    told: dict[str, Any] = {"payment_status": answer.status, "payment_reference": answer.reference}
    if booking.offer.expires_at <= now and answer.status is not CardStatus.DECLINED:
        # Only with the bank's answer in hand: one that was lost may have been a yes, which has to be given back.
        late = stale(booking.offer, "it has expired before it was paid")
        return steps.fail(booking, late, now=now, detail="not paid in time", challenge_url="", **told)
    if answer.status is CardStatus.DECLINED:
        refusal = failures.PaymentDeclined(decline_code=answer.decline_code)
        return steps.fail(booking, refusal, now=now, detail="the card was declined", challenge_url="", **told)
    if answer.status is CardStatus.REQUIRES_ACTION:
        if booking.state == State.REQUIRES_ACTION:
            return steps.pause(booking, now=now)
        reason = "the bank asks the cardholder"
        return steps.settle(
            booking, State.REQUIRES_ACTION, now=now, reason=reason, challenge_url=answer.challenge_url, **told
        )
    if booking.state == State.REQUIRES_ACTION:
        return steps.settle(
            booking, State.RESERVED, now=now, reason="the cardholder has agreed", challenge_url="", **told
        )
    return steps.note_facts(booking, now=now, reason="the bank has agreed", **told)


def give_back(booking: Booking, *, clock: Clock) -> Booking:
    """After what failed or was refused: an approved authorization is voided. If it cannot be, the sweep comes again.

    Until then the card stays: without it no vault would take the request.
    """
    if booking.payment_method is None or not is_to_be_given_back(booking):
        return booking
    try:
        answer = _void(booking, booking.payment_method)
    except (VaultFailure, ProviderFailure, vaults.NoSuchVault) as failure:
        log.error("payment.not_given_back", booking_id=str(booking.id), detail=str(failure))
        return booking
    if answer.status in HELD_MONEY:
        log.error("payment.not_given_back", booking_id=str(booking.id), detail=f"it is still {answer.status}")
        return booking
    return steps.note_facts(booking, now=clock(), reason="the payment was given back", payment_status=answer.status)


def _void(booking: Booking, card: PaymentMethod) -> CardAnswer:
    """Raises as `authorize`. A hold may have more than one authorization in its time; each has its own key."""
    provider = registry.provider(booking.provider)
    vault: Vault = vaults.vault(card.vault)
    request = provider.void_request(booking.payment_reference, vault_url=vault.form_access().frame_origin)
    key = f"void-{uuid5(booking.id, booking.payment_reference)}"
    asked = {"reference": booking.payment_reference}
    return calling.recorded(booking, "void_card", asked, lambda: _delivered(provider, vault, card, request, key=key))
